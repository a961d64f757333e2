// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

/// Files that an attacker may have put on the upper's file system or into the image, and effects that they must not have.
@Suite("Hostile stores", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct HostileStoreTests {
  private static let store = Paths.store.string

  /// A machine whose store is mounted, and a directory outside the store that nothing may touch.
  private struct Trap: ~Copyable {
    let machine: MiniatureMachine
    var kernel: LinuxKernel
    let settings: Settings
    static let outside = "/run/outside"

    init(_ change: (inout Settings) -> Void = { _ in }, lay: () throws -> Void) throws {
      var settings = Settings()
      settings.upper = .device(DeviceName(.path, "/dev/vdb"))
      settings.options = "size=8m,nr_inodes=2k"
      change(&settings)
      let machine = try MiniatureMachine(link: ("/link", "/run/outside"))
      mkdir(Self.outside, 0o700)
      try here().create("/run/outside/kept", contents: "kept\n", mode: 0o600)
      var memory = Memory()
      var kernel = LinuxKernel()
      let failure = StorePlan("standin", .mount(type: "tmpfs"), settings, over: machine.mountInfo).steps.execute(on: &kernel, before: &memory).failure
      guard failure == nil else { throw Problem("\(memory.failures)") }
      try lay()
      self.settings = settings
      self.machine = machine
      self.kernel = kernel
    }

    /// Prepares the layers and mounts the overlay, in the same order as the helper.
    mutating func boot(isReset: Bool = false) -> Outcome {
      let directory = settings.layersDirectory(over: nil)
      let found = StoreFacts(in: directory, over: LowerIdentity(type: "tmpfs", superblock: "", rootHash: "", imageVersion: "1"))
      let use = UpperUse(found, settings, isReset: isReset, isCounted: true)
      var memory = Memory()
      var execution = LayerPlan(found, use, settings, isCounted: true).steps.execute(on: &kernel, before: &memory)
      let lost = execution.losses
      if execution.failure == nil {
        let plan = OverlayPlan(settings, in: directory, over: machine.mountInfo, machineID: RunningID("0123456789abcdef0123456789abcdef"))
        execution = plan.execute(on: &kernel, before: &memory)
      }
      return Outcome(
        failure: execution.failure?.step.text.string, errno: execution.failure?.errno, lost: (lost + execution.losses).map(\.step.part.string),
        remarks: (found.remarks + kernel.remarks).map(\.text.string), isWritable: machine.errorOfWriting("/etc/new") == nil)
    }
  }

  private struct Outcome: Sendable {
    var failure: String?
    var errno: Errno?
    var lost: [String]
    var remarks: [String]
    var isWritable: Bool
  }

  /// The names in the directory outside, its mode and its owner.
  private static var outside: [String] {
    var status = stat()
    lstat(Trap.outside, &status)
    return here().names(in: "/run/outside").map(\.string).sorted() + ["\(String(status.st_mode & 0o7777, radix: 8)) \(status.st_uid)"]
  }
  private static let untouched = ["kept", "700 0"]

  @Test("An upper is refused if its directory or one of its layers is a link", arguments: ["state", "state/upper", "state/work", "state/upper/etc", "state/work/etc"])
  func refusesLayers(name: String) async throws {
    let (outcome, outside) = try await inPrivateNamespace {
      var trap = try Trap({ $0.directory = "/state"; $0.scope = .directories(["/etc"]) }) {
        for parent in Text(utf8: "\(Self.store)/\(name)").parents.dropFirst(4) { mkdir(parent.string, 0o755) }
        symlink(Trap.outside, "\(Self.store)/\(name)")
      }
      return (trap.boot(), Self.outside)
    }
    #expect(outcome.failure != nil)
    #expect(outcome.errno == .tooManyLinks)
    #expect(!outcome.isWritable)
    #expect(outside == Self.untouched)
  }

  @Test("A link at a temporary name is removed, and its target stays untouched", arguments: ["upper.preroot", "work.preroot", "attempts.preroot", "bind/srv.preroot"])
  func removesLink(name: String) async throws {
    let (outcome, outside) = try await inPrivateNamespace {
      var trap = try Trap({ $0.binds = ["/srv"] }) {
        mkdir("\(Self.store)/bind", 0o755)
        symlink(Trap.outside, "\(Self.store)/\(name)")
      }
      return (trap.boot(), Self.outside)
    }
    #expect(outcome.failure == nil)
    #expect(outcome.lost == [])
    #expect(outcome.isWritable)
    #expect(outside == Self.untouched)
  }

  @Test("The fitness trial uses a directory of its own and follows no link there", arguments: ["a link", "a file", "a directory"])
  func isTriedOut(what: String) async throws {
    let (failure, outside) = try await inPrivateNamespace {
      var trap = try Trap {
        let path = "\(Self.store)/preroot.fitness"
        switch what {
        case "a link": symlink(Trap.outside, path)
        case "a file": try? here().create(Text(utf8: path), contents: "")
        default: mkdir(path, 0o755)
        }
      }
      var failure: Errno?
      do throws(Errno) { try trap.kernel.perform(Step(.requireFitness, Paths.store)) } catch { failure = error }
      return (failure, Self.outside)
    }
    #expect(failure == nil)
    #expect(outside == Self.untouched)
  }

  @Test("A bind directory that is a link, or below one, is the only loss", arguments: ["bind", "bind/srv"])
  func losesBind(name: String) async throws {
    let (outcome, outside, etc) = try await inPrivateNamespace {
      var trap = try Trap({ $0.binds = ["/srv"] }) {
        for parent in Text(utf8: "\(Self.store)/\(name)").parents.dropFirst(4) { mkdir(parent.string, 0o755) }
        symlink(Trap.outside, "\(Self.store)/\(name)")
      }
      let outcome = trap.boot()
      return (outcome, Self.outside, trap.machine.mountTable.filter { $0.hasPrefix("/srv") })
    }
    #expect(outcome.lost == ["Bind=/srv"])
    #expect(outcome.isWritable)
    #expect(outside == Self.untouched)
    #expect(etc == [])
  }

  // MARK: Small files

  @Test("A state file that is oversized or not regular counts as absent, with a log line", arguments: ["attempts", "reset", "lower.id"], [
    WrongFile.sparse, .directory, .device, .fifo, .zeroes,
  ])
  func isAbsent(name: String, what: WrongFile) async throws {
    let (outcome, upper) = try await inPrivateNamespace {
      var trap = try Trap {
        mkdir("\(Self.store)/upper", 0o755)
        try? here().create("/run/initramfs/preroot/upper/upper/mine", contents: "mine\n")
        try what.lay(at: "\(Self.store)/\(name)")
      }
      let outcome = trap.boot()
      return (outcome, trap.machine.contents("/mine").string)
    }
    #expect(outcome.failure == nil)
    #expect(outcome.lost == [])
    #expect(outcome.isWritable)
    #expect(upper == "mine\n", "Doubt resets nothing")
    #expect(outcome.remarks.first?.hasPrefix("Cannot read /run/initramfs/preroot/upper/\(name), ignoring: ") == true, "\(outcome.remarks)")
  }

  @Test("A boot survives an /etc/machine-id that is huge, a device or a directory", arguments: [WrongFile.sparse, .device, .directory])
  func hasOtherMachineID(what: WrongFile) async throws {
    let (outcome, id) = try await inPrivateNamespace {
      var trap = try Trap {
        for directory in ["upper", "upper/etc"] { mkdir("\(Self.store)/\(directory)", 0o755) }
        try what.lay(at: "\(Self.store)/upper/etc/machine-id")
      }
      let outcome = trap.boot()
      return (outcome, trap.machine.contents("/etc/machine-id").string)
    }
    #expect(outcome.failure == nil)
    #expect(outcome.isWritable)
    #expect(id == (what == .directory ? "" : "0123456789abcdef0123456789abcdef\n"))
    #expect(outcome.remarks.contains { $0.contains("machine-id") || $0.contains("machine ID") })
  }

  // MARK: Resets

  @Test("A reset is skipped and the old upper kept if a kept path is behind a link")
  func keepsOld() async throws {
    let (outcome, names, old, mark) = try await inPrivateNamespace {
      var trap = try Trap {
        for directory in ["upper", "upper/srv"] { mkdir("\(Self.store)/\(directory)", 0o755) }
        symlink(Trap.outside, "\(Self.store)/upper/srv/www")
        try? here().create("/run/initramfs/preroot/upper/upper/srv/mine", contents: "mine\n")
        try? here().create("/run/initramfs/preroot/upper/reset", contents: "/srv/www/kept\n")
      }
      let outcome = trap.boot()
      return (
        outcome, Self.outside, trap.machine.contents("/run/initramfs/preroot/upper/resetting/srv/mine").string,
        trap.machine.contents("/run/initramfs/preroot/upper/reset").string
      )
    }
    #expect(outcome.failure == nil)
    #expect(outcome.lost == ["Reset=yes"])
    #expect(outcome.isWritable)
    #expect(names == Self.untouched)
    #expect(old == "mine\n")
    #expect(mark == "/srv/www/kept\n")
  }

  @Test("A reset succeeds even if the trash of earlier resets cannot be deleted")
  func resetsBesideTrash() async throws {
    let (outcomes, mine, names) = try await inPrivateNamespace {
      var outcomes: [Outcome] = []
      var trap = try Trap {
        for directory in ["trash", "trash/busy", "resetting", "resetting/busy", "upper"] { mkdir("\(Self.store)/\(directory)", 0o755) }
        for directory in ["trash/busy", "resetting/busy"] { try? mount("busy", at: "\(Self.store)/\(directory)", type: "tmpfs") }
        try? here().create("/run/initramfs/preroot/upper/upper/mine", contents: "mine\n")
        try? here().create("/run/initramfs/preroot/upper/reset", contents: "")
      }
      outcomes.append(trap.boot())
      return (outcomes, trap.machine.contents("/mine").string, here().names(in: Paths.store).map(\.string).sorted())
    }
    // An earlier boot had begun the reset: the new upper stays, and the rest of the old one becomes trash.1.
    #expect(outcomes.allSatisfy { $0.failure == nil && $0.isWritable })
    #expect(mine == "mine\n")
    #expect(!names.contains("reset"))
    #expect(names.contains("trash.1") && !names.contains("resetting"))
  }

  // MARK: Attributes of an overlaid directory

  @Test("The top of an overlaid directory has the image's owner, attributes and access list")
  func copiesAttributes() async throws {
    // The access list grants user 7 more than the group. The group bits of the mode are then the list's mask.
    let (mode, attribute, list) = try await inPrivateNamespace {
      let machine = try MiniatureMachine(attributes: ("/var/lib/x", "user.preroot", "mine"), accessList: "/var/lib/x")
      var settings = Settings()
      settings.scope = .directories(["/var/lib/x"])
      var kernel = LinuxKernel()
      var memory = Memory()
      _ = StorePlan(settings, over: machine.mountInfo).steps.execute(on: &kernel, before: &memory)
      _ = OverlayPlan(settings, over: machine.mountInfo, machineID: RunningID("0123")).execute(on: &kernel, before: &memory)
      func size(_ name: String) -> Int { sizeOfAttribute(name, of: "/var/lib/x") }
      return (machine.ownerAndMode("/var/lib/x"), size("user.preroot"), size("system.posix_acl_access"))
    }
    // tmpfs has access lists, and user.* attributes since Linux 6.6.
    #expect(mode == "770 7 8")
    #expect(list == 4 + 5 * 8)
    #expect(attribute == 4 || attribute == -1)
  }

  /// Mounts the overlay with a tmpfs for its upper. An empty scope is the whole root.
  private func mountOverlay(_ scope: [String], on machine: borrowing MiniatureMachine) -> Memory {
    var settings = Settings()
    settings.scope = scope.isEmpty ? .root : .directories(scope.map { Text(utf8: $0) })
    var kernel = LinuxKernel()
    var memory = Memory()
    _ = StorePlan(settings, over: machine.mountInfo).steps.execute(on: &kernel, before: &memory)
    _ = OverlayPlan(settings, over: machine.mountInfo, machineID: RunningID("0123")).execute(on: &kernel, before: &memory)
    return memory
  }

  /// What a kernel with SELinux reads when a process uses a directory. A kernel without it stores the label as any other attribute.
  @Test("The layers' tops have the image's SELinux labels, as the overlay shows them", arguments: [[], ["/etc", "/var/lib/x"]])
  func hasLabels(scope: [String]) async throws {
    let directories = scope.isEmpty ? [""] : scope
    let label = "system_u:object_r:etc_t:s0"
    let labels = try await inPrivateNamespace {
      let machine = try MiniatureMachine(labels: Dictionary(uniqueKeysWithValues: (directories + ["/var", "/var/lib"]).map { ($0, "\(label)\($0)\0") }))
      let memory = mountOverlay(scope, on: machine)
      let store = "/run/initramfs/preroot/upper"
      let places = directories.flatMap { [$0.isEmpty ? "/" : $0, "\(store)/upper\($0)", "\(store)/work\($0)"] } + (scope.isEmpty ? [] : ["\(store)/upper/var/lib", "\(store)/work/var"])
      return memory.failures + places.map { textOfAttribute("security.selinux", of: $0) }
    }
    let expected = directories.flatMap { [String](repeating: "\(label)\($0)\0", count: 3) } + (scope.isEmpty ? [] : ["\(label)/var/lib\0", "\(label)/var\0"])
    #expect(labels == expected)
  }

  // MARK: Access to the layers

  @Test("Only root can enter the directory of the layers, and they are nosuid and nodev", arguments: [[], ["/etc"]])
  func hidesLayers(scope: [String]) async throws {
    let (mode, flags) = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      _ = mountOverlay(scope, on: machine)
      let lines = machine.contents("/proc/thread-self/mountinfo").lines.map(\.words).filter { $0[4].hasPrefix("/run/initramfs/preroot/") }
      return (machine.ownerAndMode("/run/initramfs/preroot"), lines.map { "\($0[4].string) \($0[5].string)" })
    }
    #expect(mode == "700 0 0")
    #expect(flags.count == 2)
    for line in flags { #expect(line.contains("nosuid,nodev"), "\(line)") }
  }
}
