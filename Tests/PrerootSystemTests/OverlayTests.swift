// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

@Suite("The overlay plan on a real kernel", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct OverlayTests {
  private static func settings(_ scope: [String]) -> Settings {
    var settings = Settings()
    settings.scope = scope.isEmpty ? .root : .directories(scope.map { Text(utf8: $0) })
    settings.upper = .tmpfs(.small)
    return settings
  }

  private static let scopes: [[String]] = [[], ["/etc"], ["/etc", "/var/lib/x", MiniatureMachine.strangeDirectory]]

  @Test("The overlay plan makes the root writable and leaves each mount in place once")
  func makesRootWritable() async throws {
    let seen = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      let before = machine.errorOfWriting("/etc/new")
      let failures = try execute(Self.settings([]), on: machine)
      return (
        before: before, failures: failures, after: machine.errorOfWriting("/etc/new"), hostname: machine.contents("/etc/hostname").string,
        upper: machine.contents("/run/initramfs/preroot/upper/upper/etc/new").string,
        lower: machine.contents("/run/initramfs/preroot/lower/etc/hostname").string,
        lowerNew: machine.contents("/run/initramfs/preroot/lower/etc/new").string,
        writingLower: machine.errorOfWriting("/run/initramfs/preroot/lower/etc/new"),
        table: machine.mountTable, runs: machine.files(below: "/run"), directory: String(cString: getcwd(nil, 0))
      )
    }
    #expect(seen.before == .readOnly)
    #expect(seen.failures == [])
    #expect(seen.after == nil)
    #expect(seen.hostname == "miniature\n")
    #expect(seen.upper == "new\n")
    #expect(seen.lower == "miniature\n")
    #expect(seen.lowerNew == "")
    #expect(seen.writingLower == .readOnly)
    #expect(seen.directory == "/")
    #expect(seen.table == [
      "/ on nothing: overlay preroot rw shared",
      "/dev on /: tmpfs tmpfs rw shared",
      "/dev/shm on /dev: tmpfs tmpfs rw shared",
      "/proc on /: proc proc rw shared",
      "/run on /: tmpfs tmpfs rw shared",
      "/run/initramfs/preroot/lower on /run: tmpfs miniature ro shared",
      "/run/initramfs/preroot/upper on /run: tmpfs preroot rw shared",
      "/run/lock on /run: tmpfs tmpfs rw shared",
      "/sys on /: tmpfs tmpfs rw shared",
    ])
    // There is no link to a block device, as a tmpfs has none, and the directory of the new root is gone.
    #expect(seen.runs == [
      "/run/initramfs", "/run/initramfs/preroot", "/run/initramfs/preroot/lower", "/run/initramfs/preroot/upper", "/run/lock", "/run/systemd",
    ])
  }

  @Test("The overlay plan makes only the directories of Scope= writable")
  func makesDirectoriesWritable() async throws {
    let scope = Self.scopes[2]
    let seen = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      let failures = try execute(Self.settings(scope), on: machine)
      return (
        failures: failures, writable: scope.map { machine.errorOfWriting($0 + "/new") },
        readOnly: ["/new", "/var/new", "/var/lib/new", "/usr/new"].map { machine.errorOfWriting($0) },
        state: machine.contents("/var/lib/x/state").string, modes: ["/etc", "/var/lib/x"].map { machine.ownerAndMode($0) },
        upper: machine.contents("/run/initramfs/preroot/upper/upper/var/lib/x/new").string, table: machine.mountTable
      )
    }
    #expect(seen.failures == [])
    #expect(seen.writable == [nil, nil, nil])
    #expect(seen.readOnly == [.readOnly, .readOnly, .readOnly, .readOnly])
    #expect(seen.state == "old\n")
    #expect(seen.modes == ["755 0 0", "755 7 8"])
    #expect(seen.upper == "new\n")
    #expect(seen.table.filter { $0.contains("preroot") } == [
      "/etc on /: overlay preroot rw shared",
      "/run/initramfs/preroot/lower on /run: tmpfs miniature ro shared",
      "/run/initramfs/preroot/upper on /run: tmpfs preroot rw shared",
      "/srv,a\\134b\\040c on /: overlay preroot rw shared",
      "/var/lib/x on /: overlay preroot rw shared",
    ])
    #expect(seen.table.allSatisfy { $0.hasSuffix(" shared") })
  }

  @Test("Undoing the overlay plan after any failed step restores the mount table and /run", arguments: scopes)
  func takesBack(scope: [String]) async throws {
    let (steps, differences) = try await inPrivateNamespace {
      let machine = try MiniatureMachine(transientMachineID: "0123\n")
      let plan = OverlayPlan(Self.settings(scope), over: machine.mountInfo, machineID: "0123")
      let differences = machine.differences(failingAtEachOf: plan.steps) { plan.execute(on: &$0, before: &$1) }
      // After all that the plan still succeeds.
      let failures = try execute(Self.settings(scope), on: machine, machineID: "0123")
      return (plan.steps.count, differences + failures)
    }
    #expect(steps > 10)
    #expect(differences == [])
  }

  @Test("The new root shows other mounts of the old one")
  func carriesOtherMounts() async throws {
    let (failures, table) = try await inPrivateNamespace {
      let machine = try MiniatureMachine(extraMount: "/data")
      return (try execute(Self.settings([]), on: machine), machine.mountTable)
    }
    #expect(failures == [])
    #expect(table.contains("/data on /: tmpfs extra rw shared"))
  }

  /// systemd-nspawn mounts an /etc/resolv.conf over that of a read-only image; Docker also mounts /etc/hosts and others.
  @Test("The new root shows a file that is mounted on another")
  func carriesMountedFile() async throws {
    let (failures, table, contents) = try await inPrivateNamespace {
      let machine = try MiniatureMachine(fileMount: "/etc/hostname")
      return (try execute(Self.settings([]), on: machine), machine.mountTable, machine.contents("/etc/hostname").string)
    }
    #expect(failures == [])
    #expect(table.contains("/etc/hostname on /: tmpfs tmpfs rw shared"))
    #expect(contents == "mounted\n")
  }

  @Test("The machine keeps the ID that PID 1 generated, without its mount", arguments: [[], ["/etc"]])
  func keepsMachineID(scope: [String]) async throws {
    let id = "0123456789abcdef0123456789abcdef\n"
    let (failures, contents, mode, table) = try await inPrivateNamespace {
      let machine = try MiniatureMachine(transientMachineID: id)
      return (
        try execute(Self.settings(scope), on: machine, machineID: Text(utf8: id).trimmed), machine.contents("/etc/machine-id").string,
        machine.ownerAndMode("/etc/machine-id"), machine.mountTable
      )
    }
    #expect(failures == [])
    #expect(contents == id)
    #expect(mode == "444 0 0")
    #expect(!table.contains { $0.hasPrefix("/etc/machine-id ") })
  }

  @Test("The overlay shows the owners and modes of the lower")
  func keepsModes() async throws {
    let modes = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      _ = try execute(Self.settings([]), on: machine)
      return ["/", "/secret", "/var/lib/x"].map { machine.ownerAndMode($0) }
    }
    #expect(modes == ["755 0 0", "700 0 0", "755 7 8"])
  }

  @Test("A directory of the lower can be renamed on a tmpfs upper, as dpkg does")
  func allowsRename() async throws {
    let error = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      _ = try execute(Self.settings([]), on: machine)
      return rename("/var/lib", "/var/lib-old") == 0 && machine.contents("/var/lib-old/x/state") == "old\n" ? 0 : errno
    }
    #expect(error == 0)
  }

  @Test("A directory of Scope= that is missing or behind a link is the only loss", arguments: ["/opt", "/link", "/link/lib", "/etc/hostname"])
  func losesDirectory(directory: String) async throws {
    let (losses, advice, errors, table) = try await inPrivateNamespace {
      let machine = try MiniatureMachine(link: ("/link", "/var"))
      let plan = OverlayPlan(Self.settings(["/etc", directory]), over: machine.mountInfo)
      var kernel = LinuxKernel()
      var memory = Memory()
      let execution = plan.execute(on: &kernel, before: &memory)
      return (
        execution.failure == nil ? execution.losses.map(\.step.part.string) : [], execution.losses.last?.advice?.string,
        [machine.errorOfWriting("/etc/new"), machine.errorOfWriting("/var/new")], machine.mountTable.filter { $0.contains("overlay") }
      )
    }
    #expect(losses == ["Scope=" + directory])
    #expect(advice == (directory.hasPrefix("/link") ? "the path goes through a symbolic link; name the directory it leads to" : "the image has no directory \(directory)"))
    #expect(errors == [nil, .readOnly])
    #expect(table == ["/etc on /: overlay preroot rw shared"])
  }

  @Test("The overlay plan fails and is undone if every directory of Scope= is lost")
  func losesAll() async throws {
    let (failure, before, after) = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      let before = machine.mountTable
      var kernel = LinuxKernel()
      var memory = Memory()
      let failure = OverlayPlan(Self.settings(["/opt", "/none"]), over: machine.mountInfo).execute(on: &kernel, before: &memory).failure
      return (failure, before, machine.mountTable.filter { !$0.contains("/run") })
    }
    #expect(failure?.step.path == "/run/initramfs/preroot/lower/opt")
    #expect(before.filter { !$0.contains("/run") } == after)
  }

  /// An image that keeps all files of one machine in one directory has /etc/machine-id as a link into it.
  @Test("The machine gets its ID even if /etc/machine-id is a link", arguments: [[], ["/etc", "/var"]], ["/var/lib/machine-id", "../var/lib/machine-id"])
  func providesIDThroughLink(scope: [String], target: String) async throws {
    let id = "0123456789abcdef0123456789abcdef\n"
    for contents in ["", "uninitialized\n"] {
      let (failures, told, table) = try await inPrivateNamespace {
        let machine = try MiniatureMachine(transientMachineID: id, machineID: contents, machineIDLink: target)
        let failures = try execute(Self.settings(scope), on: machine, machineID: Text(utf8: id).trimmed)
        return (failures, machine.contents("/etc/machine-id").string, machine.mountTable.filter { $0.contains("machine-id") })
      }
      #expect(failures == [])
      #expect(told == id)
      let parent = scope.isEmpty ? "/" : "/var"
      #expect(table == (contents.isEmpty ? [] : ["/var/lib/machine-id on \(parent): tmpfs tmpfs ro shared"]))
    }
  }

  @Test("The overlay plan fails if the upper is too small for a boot")
  func failsWithoutSpace() async throws {
    let (failure, before, after) = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      let before = machine.mountTable
      var settings = Settings()
      settings.upper = .tmpfs(.tiny)
      let plan = OverlayPlan(settings, over: machine.mountInfo)
      var kernel = LinuxKernel()
      var memory = Memory()
      let failure = plan.execute(on: &kernel, before: &memory).failure
      return (failure, before, machine.mountTable)
    }
    #expect(failure?.step.verb == .requireSpace)
    #expect(failure?.errno == .noSpace)
    #expect(before == after)
  }

  @Test("A failed overlay plan leaves foreign files in /run/initramfs in place")
  func leavesForeignFiles() async throws {
    let (failures, files) = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      mkdir("/run/initramfs", 0o755)
      _ = machine.errorOfWriting("/run/initramfs/fsck.log")
      let plan = OverlayPlan(Self.settings([]), over: machine.mountInfo)
      var kernel = FailingKernel(failingAt: plan.steps.count - 1)
      var memory = Memory()
      _ = plan.execute(on: &kernel, before: &memory)
      return (memory.failures, machine.files(below: "/run/initramfs"))
    }
    #expect(files == ["/run/initramfs/fsck.log"])
    #expect(failures == ["pivot to /run/initramfs/preroot/root: Operation not permitted"])
  }
}

extension OverlayPlan {
  /// The plan preceded by the steps of the store plan.
  fileprivate init(_ settings: Settings, over table: MountInfo, machineID: Text = "0123") {
    self.init(settings, over: table, machineID: RunningID(machineID))
    steps = StorePlan(settings, over: table).steps + steps
  }
}

/// Executes the plan for these settings and returns its failures.
private func execute(_ settings: Settings, on machine: borrowing MiniatureMachine, machineID: Text = "0123") throws -> [String] {
  var kernel = LinuxKernel()
  var memory = Memory()
  _ = OverlayPlan(settings, over: machine.mountInfo, machineID: machineID).execute(on: &kernel, before: &memory)
  return memory.failures
}

extension TmpfsOptions {
  fileprivate static var small: TmpfsOptions {
    var options = TmpfsOptions()
    options.size = "8m"
    options.inodes = "2k"
    return options
  }
  fileprivate static var tiny: TmpfsOptions {
    var options = TmpfsOptions()
    options.size = "512k"
    return options
  }
}

extension Errno {
  static var readOnly: Errno { Errno(rawValue: EROFS) }
}
