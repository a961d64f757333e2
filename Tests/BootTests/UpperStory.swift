// SPDX-License-Identifier: MIT
import Bed

/// Three boots of one machine on one ext4 upper, each with a power-off. Many tests share them.
///
/// The script sets the host name in the first boot. In the second it writes an invalid one and disables a unit.
struct UpperStory: Sendable {
  /// The contents of the image's /etc/machine-id.
  enum Lower: String, CaseIterable, Sendable {
    case empty = "", uninitialized = "uninitialized\n", valid = "0123456789abcdef0123456789abcdef\n"
  }

  let boots: [Boot]
  /// Whether the upper's file system needed recovery after each boot.
  let wasLeftDirty: [Bool]
  /// The upper's /etc/machine-id after each boot.
  let idsInUpper: [String?]

  /// The boots of a machine with this image, which run when the first test needs them.
  static func told(over lower: Lower, by entrance: Entrance = .stageOne) async throws -> UpperStory {
    switch (lower, entrance) {
    case (.empty, .stageOne): try await empty.value
    case (.uninitialized, .stageOne): try await uninitialized.value
    case (.valid, .stageOne): try await valid.value
    case (.empty, .firstProcess): try await emptyByFirstProcess.value
    case (.uninitialized, .firstProcess): try await uninitializedByFirstProcess.value
    case (.valid, .firstProcess): try await validByFirstProcess.value
    }
  }

  /// The stories that this run tells.
  static let chosen = Entrance.allCases.flatMap { entrance in
    Lower.allCases.filter { entrance == .stageOne || Suite.areAll || $0 == .uninitialized }.map { ($0, entrance) }
  }

  private static let empty = Task { try await UpperStory(over: .empty, by: .stageOne) }
  private static let uninitialized = Task { try await UpperStory(over: .uninitialized, by: .stageOne) }
  private static let valid = Task { try await UpperStory(over: .valid, by: .stageOne) }
  private static let emptyByFirstProcess = Task { try await UpperStory(over: .empty, by: .firstProcess) }
  private static let uninitializedByFirstProcess = Task { try await UpperStory(over: .uninitialized, by: .firstProcess) }
  private static let validByFirstProcess = Task { try await UpperStory(over: .valid, by: .firstProcess) }

  private init(over lower: Lower, by entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(keepingOn: disk, Self.tree(over: lower)).by(entrance)
    var boots: [Boot] = [], wasLeftDirty: [Bool] = [], idsInUpper: [String?] = []
    for number in 1...3 {
      boots.append(try await (number == 2 && lower == .valid ? machine.with("systemd.hostname=word") : machine).boot())
      wasLeftDirty.append(try await disk.needsRecovery)
      idsInUpper.append(try await disk.text(of: "/upper/etc/machine-id"))
    }
    self.boots = boots
    self.wasLeftDirty = wasLeftDirty
    self.idsInUpper = idsInUpper
  }

  /// An image with units for a first boot, and one that keeps a file on the root open until the end.
  static func tree(over lower: Lower) -> Tree {
    let units = "/usr/lib/systemd/system"
    return Tree.lean.with("/etc/machine-id", lower.rawValue, mode: 0o444).with("/etc/hostname", "image\n").withDirectory("/var/log/journal")
      .with("\(units)/first.service", """
        [Unit]
        ConditionFirstBoot=yes
        Wants=first-boot-complete.target
        Before=first-boot-complete.target
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=/bin/sh -c 'echo first >> /var/lib/first-boots && sync && echo First boot > /dev/console && sleep 0.5'

        """)
      .linking("\(units)/multi-user.target.wants/first.service", to: "../first.service")
      .with("\(units)/preset.service", "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n")
      .with("/usr/lib/systemd/system-preset/00-bed.preset", "enable preset.service\ndisable *\n")
      .with("\(units)/holder.service", "[Service]\nExecStart=/bin/sh -c 'exec sleep infinity > /var/lib/held'\n")
      .linking("\(units)/multi-user.target.wants/holder.service", to: "../holder.service")
      .noting("""
        echo "id=$(cat /etc/machine-id)"
        echo "id128=$(systemd-id128 machine-id)"
        [ ! -e /run/machine-id ] || echo "run=$(cat /run/machine-id)"
        echo "listed=$(journalctl --list-boots --quiet | wc -l)"
        echo "first=$(cat /var/lib/first-boots 2> /dev/null | wc -l)"
        echo "preset=$(systemctl is-enabled preset.service) $(systemctl is-active preset.service)"
        echo "host=$(cat /proc/sys/kernel/hostname)"
        case $n in
          1) echo kept > /etc/hostname ;;
          2) echo '!!!' > /etc/hostname; systemctl disable preset.service ;;
        esac
        """)
  }
}

extension Boot {
  /// The machine IDs from all sources: more than one if they differ.
  var machineIDs: Set<String> {
    Set([told("id"), told("id128"), told("run")].compactMap { $0 } + journal.entries.compactMap { $0["_MACHINE_ID"] })
  }
}
