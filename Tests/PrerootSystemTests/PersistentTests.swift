// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import Glibc
import PrerootCore
import Testing

@testable import PrerootSystem

/// All plans for a persistent upper, in the helper's order and with its way back.
private struct PersistentPlan {
  let store: [Step]
  let layers: [Step]
  let overlay: OverlayPlan

  init(_ settings: Settings, on source: Text, type: Text, over table: MountInfo) {
    let directory = Paths.store + settings.directory
    store = StorePlan(source, .mount(type: type), settings, over: table).steps
    var facts = StoreFacts(in: directory)
    facts.lower = LowerIdentity(type: "tmpfs", superblock: "", rootHash: "", imageVersion: "1")
    layers = LayerPlan(facts, .asItIs, settings, isCounted: true).steps
    overlay = OverlayPlan(settings, in: directory, over: table, machineID: RunningID("0123456789abcdef0123456789abcdef"))
  }

  var steps: [Step] { store + layers + overlay.steps }

  func execute<K: Kernel & ~Copyable>(on kernel: inout K, before memory: inout Memory) -> Execution {
    var execution = store.execute(on: &kernel, before: &memory)
    if execution.failure != nil { return execution }
    execution = layers.execute(on: &kernel, before: &memory)
    if execution.failure == nil { execution = overlay.execute(on: &kernel, before: &memory) }
    if execution.failure != nil { store.takeBack(on: &kernel, before: &memory) }
    return execution
  }
}

@Suite("The plan for a persistent upper on a real kernel", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct PersistentTests {
  /// A tmpfs stands in for the device, as it mounts in the same way.
  private static func settings(_ scope: [String]) -> Settings {
    var settings = Settings()
    settings.upper = .device(DeviceName(.path, "/dev/vdb"))
    settings.scope = scope.isEmpty ? .root : .directories(scope.map { Text(utf8: $0) })
    settings.options = "size=8m,nr_inodes=2k"
    settings.directory = "/a,b/c"
    settings.binds = ["/etc/own"]
    return settings
  }
  private static let scopes: [[String]] = [[], ["/etc"], ["/etc", "/var/lib/x", MiniatureMachine.strangeDirectory]]

  @Test("The plan for a persistent upper makes the scope writable and its bind persistent", arguments: scopes)
  func makesWritable(scope: [String]) async throws {
    let seen = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      let settings = Self.settings(scope)
      var kernel = LinuxKernel()
      var memory = Memory()
      _ = PersistentPlan(settings, on: "standin", type: "tmpfs", over: machine.mountInfo).execute(on: &kernel, before: &memory)
      let layers = "/run/initramfs/preroot/upper/a,b/c"
      let errors = [machine.errorOfWriting("/etc/new"), machine.errorOfWriting("/etc/own/new")]
      return (
        failures: memory.failures, errors: errors, upper: machine.contents(layers + "/upper/etc/new").string,
        own: machine.contents(layers + "/bind/etc-own/new").string, ownInUpper: machine.contents(layers + "/upper/etc/own/new").string,
        attempts: machine.contents(layers + "/attempts").string, lower: machine.contents(layers + "/lower.id").string,
        options: machine.mountInfo.entries.filter(\.isOverlayOfPreroot).map(\.superOptions.string)
      )
    }
    #expect(seen.failures == [])
    #expect(seen.errors == [nil, nil])
    #expect(seen.upper == "new\n")
    #expect(seen.own == "new\n")
    #expect(seen.ownInUpper == "")
    #expect(seen.attempts == "1\n")
    #expect(seen.lower == "tmpfs 1\n")
    #expect(seen.options.count == max(scope.count, 1))
    // The kernel shows only options that differ from its own defaults.
    for options in seen.options {
      for on in ["index=on", "metacopy=on", "redirect_dir=on", "xino=on"] { #expect(!options.contains(on), "\(options)") }
    }
  }

  /// With redirect_dir off a directory of the lower cannot have another name in the upper; see rename(2), and Overlayfs in the kernel's
  /// documentation. A program that renames then copies, as mv(1) does.
  @Test("Renaming a directory of the image works on a tmpfs and fails with EXDEV on a device", arguments: [true, false])
  func refusesRenaming(isPersistent: Bool) async throws {
    let (failures, directory, file) = try await inPrivateNamespace {
      let machine = try MiniatureMachine()
      var settings = Self.settings([])
      var kernel = LinuxKernel()
      var memory = Memory()
      if isPersistent {
        _ = PersistentPlan(settings, on: "standin", type: "tmpfs", over: machine.mountInfo).execute(on: &kernel, before: &memory)
      } else {
        settings = Settings()
        let store = StorePlan(TmpfsOptions(), over: machine.mountInfo)
        _ = store.steps.execute(on: &kernel, before: &memory)
        _ = OverlayPlan(settings, over: machine.mountInfo, machineID: RunningID("0123456789abcdef0123456789abcdef")).execute(on: &kernel, before: &memory)
      }
      let directory = rename("/var/lib/x", "/var/lib/y") == 0 ? 0 : Glibc.errno
      let file = rename("/usr/tool", "/usr/other") == 0 ? 0 : Glibc.errno
      return (memory.failures, directory, file)
    }
    #expect(failures == [])
    #expect(directory == (isPersistent ? EXDEV : 0))
    #expect(file == 0)
  }

  @Test("Undoing the plan for a persistent upper restores the mount table and /run", arguments: scopes)
  func takesBack(scope: [String]) async throws {
    let (steps, differences) = try await inPrivateNamespace {
      let machine = try MiniatureMachine(transientMachineID: "0123\n")
      let plan = PersistentPlan(Self.settings(scope), on: "standin", type: "tmpfs", over: machine.mountInfo)
      let differences = machine.differences(failingAtEachOf: plan.steps) { plan.execute(on: &$0, before: &$1) }
      // After all that the plan still succeeds.
      var kernel = LinuxKernel()
      var memory = Memory()
      _ = plan.execute(on: &kernel, before: &memory)
      return (plan.steps.count, differences + memory.failures)
    }
    #expect(steps > 20)
    #expect(differences == [])
  }
}
