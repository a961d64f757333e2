// SPDX-License-Identifier: MIT
import Bed
import Support
import Testing

/// Boots with SELinux: Debian's policy is in the image, the image's files are labelled by it, and the PC's kernel has SELinux.
@Suite("SELinux", .enabled(if: Suite.areAll, "make check-all"))
struct SelinuxTests {
  enum State: String, CaseIterable, Sendable { case permissive, enforcing }

  private static let layers = "/run/initramfs/preroot/upper"

  /// - Parameter module: what is added to Debian's policy.
  private static func tree(_ state: State, adding module: String = "") -> Tree {
    Tree.lean.with(packages: ["selinux-policy-default"]).with("/etc/selinux/config", "SELINUX=\(state)\nSELINUXTYPE=default\n")
      .labelling("/proc", "system_u:object_r:proc_t:s0")
      .noting("""
        mkdir /etc/new.d && echo new > /etc/new && echo new > /var/lib/new
        echo "enforcing=$(cat /sys/fs/selinux/enforce)"
        for path in / /etc /var/lib \(layers)/upper \(layers)/work \(layers)/upper/etc \(layers)/upper/var/lib /etc/machine-id /etc/new /var/lib/new; do
          echo "$path=$(stat -c %C $path)"
        done
        for process in 1 $(pidof systemd-journald dbus-daemon); do echo "$(cat /proc/$process/comm)=$(tr -d '\\0' < /proc/$process/attr/current)"; done
        """)
      .labelled(adding: module)
  }

  /// The programs for a device run in domains of their own: mkfs and fsck in fsadm_t, systemd-cryptsetup in lvm_t.
  enum Upper: String, CaseIterable, Sendable {
    case memory = "tmpfs", device = "a device", encrypted = "an encrypted device"

    var words: [String] {
      switch self {
      case .memory: ["preroot=tmpfs"]
      case .device: ["preroot=/dev/vdb", "preroot.format=blank"]
      case .encrypted: ["preroot=/dev/vdb", "preroot.format=blank", "preroot.crypt=random"]
      }
    }
    var type: String { self == .memory ? "tmpfs" : "ext4" }
  }

  private static func machine(_ state: State, _ upper: Upper, adding module: String = "") throws -> Machine {
    var machine = Machine(.emulated(.q35), tree(state, adding: module), "lsm=selinux", "selinux=1")
    machine.words += upper.words
    machine.disks = [try .blank(megabytes: 64)]
    return machine
  }

  private func expectLabels(_ state: State, in boot: Boot) {
    #expect(boot.told("enforcing") == (state == .enforcing ? "1" : "0"))
    let types = ["/": "root_t", "/etc": "etc_t", "/var/lib": "var_lib_t", "/upper": "root_t", "/work": "root_t", "/upper/etc": "etc_t", "/upper/var/lib": "var_lib_t",
                 "/etc/machine-id": "etc_runtime_t", "/etc/new": "etc_runtime_t", "/var/lib/new": "var_lib_t"]
    for (path, type) in types {
      let place = path.hasPrefix("/upper") || path == "/work" ? Self.layers + path : path
      #expect(boot.told(place)?.hasSuffix(":object_r:\(type):s0") == true, "\(place) is \(boot.told(place) ?? "missing")")
    }
    #expect(boot.told("systemd") == "system_u:system_r:init_t:s0")
    #expect(boot.told("systemd-journal") == "system_u:system_r:syslogd_t:s0")
    #expect(boot.told("dbus-daemon")?.hasPrefix("system_u:system_r:system_dbusd_t:s0") == true)
  }

  /// Returns what SELinux has denied, or would have: the program, what it wanted, and the types, each once.
  private static func denials(in boot: Boot) -> Set<String> {
    let lines = boot.journal.entries.map(\.message) + boot.console.lines
    let pattern = /avc: +denied +\{ (?<wish>[^}]+) \}.* comm="(?<program>[^"]*)".* scontext=[^:]+:[^:]+:(?<from>[^: ]+)\S* tcontext=[^:]+:[^:]+:(?<to>[^: ]+)\S* tclass=(?<kind>[a-z_]+)/
    return Set(lines.compactMap { line in line.firstMatch(of: pattern).map { "\($0.program) (\($0.from)): \($0.wish) \($0.to) \($0.kind)" } })
  }

  private static let cases: [(State, Upper)] = State.allCases.flatMap { state in Upper.allCases.map { (state, $0) } }

  @Test("With Debian's policy, SELinux denies preroot nothing, and the layers and files have their labels", arguments: cases)
  func isAllowed(state: State, upper: Upper) async throws {
    for (number, boot) in try await Self.machine(state, upper).boots(upper == .device ? 2 : 1).enumerated() {
      expectUpper(upper.type, in: boot)
      #expect(boot.remarks == [])
      #expect(boot.bootsNoted == number + 1)
      expectLabels(state, in: boot)
      #expect(Set(boot.journal.entries(by: "preroot").compactMap { $0["_SELINUX_CONTEXT"] }) == ["system_u:system_r:init_t:s0"])
      let denials = Self.denials(in: boot)
      // Debian's policy denies some things on every machine. Without any, the log would not have been read.
      #expect(!denials.isEmpty)
      #expect(denials.filter { denial in Self.own.contains { denial.contains($0) } } == [])
    }
  }

  /// The programs that preroot consists of or starts, and the types of what it does before others.
  private static let own = ["preroot", "overlay", "generator", "fsadm_t", "lvm_t", "mkfs", "fsck", "crypt", "kernel_t", "tmpfs_t"]

  /// What Debian's policy denies on any writable root, it denies on the overlay.
  @Test("SELinux denies no more than on a writable ext4 root without preroot", arguments: State.allCases)
  func isAsPlain(state: State) async throws {
    var plain = Machine(.emulated(.q35), Self.tree(state).withoutPreroot, "root=/dev/vdb", "rw", "lsm=selinux", "selinux=1")
    plain.disks = [try await .root(plain.tree)]
    let before = try await plain.boot(), boot = try await Self.machine(state, .device).boot()
    #expect(before.state == "running")
    #expect(before.failedUnits == boot.failedUnits)
    #expect(before.told("enforcing") == boot.told("enforcing"))
    #expect(Self.denials(in: boot).subtracting(Self.denials(in: before)) == [])
  }

  /// The rules of docs/recipes.md.
  private static var module: String {
    get throws { try Checkout.text("docs/recipes.md").matches(of: /(?m)^ +(?<rule>\(allow .*\))$/).map { String($0.rule) }.joined(separator: "\n") }
  }

  @Test("As PID 1 the helper needs two rules more", arguments: Upper.allCases)
  func isAllowedAsFirstProcess(upper: Upper) async throws {
    let boot = try await Self.machine(.enforcing, upper, adding: try Self.module).by(.firstProcess).boot()
    expectUpper(upper.type, in: boot)
    #expect(boot.told("enforcing") == "1")
    #expect(Self.denials(in: boot).filter { $0.contains("kernel_t") || $0.contains("tmpfs_t") } == [])
  }
}
