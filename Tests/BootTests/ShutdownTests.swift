// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The store is left in order: at its next mount there is nothing to recover.
@Suite("The end of a boot on a persistent upper")
struct ShutdownTests {
  @Test("is clean at each power-off, though a file is held open", arguments: UpperStory.Lower.allCases)
  func isClean(lower: UpperStory.Lower) async throws {
    let story = try await UpperStory.told(over: lower)
    #expect(story.wasLeftDirty == [false, false, false])
    #expect(story.boots.flatMap(\.consoleFailures) == [])
    #expect(story.boots.allSatisfy { $0.units["holder.service"]?.activeState == "active" })
  }

  @Test("is clean at a reboot")
  func isCleanAtReboot() async throws {
    let disk = try await Disk.ext4()
    let boot = try await Machine(keepingOn: disk, UpperStory.tree(over: .empty).ending(with: "reboot.target")).boot(until: .rebooted)
    expectUpper(in: boot)
    #expect(try await !disk.needsRecovery)
    try await disk.check()
  }

  /// When the helper begins to talk to PID 1, the overlay being there; and when all is done but the last word.
  static let moments = ["StartUnit", "LoadUnit"]

  @Test("is clean where the power-off comes in stage 1", arguments: moments)
  func isCleanInStageOne(moment: String) async throws {
    let disk = try await Disk.ext4()
    let tree = try await Tree.lean.having(calls: moment, .after("systemctl --no-block --job-mode=replace-irreversibly start poweroff.target"))
    let console = try await Machine(keepingOn: disk, tree).bootUntilPowerOff()
    #expect(console.failures == [])
    #expect(console.lines.filter { $0.contains("Reached target multi-user.target") } == [], "It went on")
    #expect(try await !disk.needsRecovery)
    #expect(try await disk.names(in: "/").contains("upper"), "It was never used")
  }

  @Test("is clean where Ctrl-Alt-Del is pressed in stage 1")
  func isCleanAtControlAltDelete() async throws {
    let disk = try await Disk.ext4()
    var machine = Machine(keepingOn: disk, try await .lean.having(calls: "StartUnit", .after("echo In stage 1 > /dev/console; sleep 3")))
    machine.controlAltDelete = "In stage 1"
    let console = try await machine.bootUntilReboot()
    #expect(console.failures == [])
    #expect(console.lines.filter { $0.contains("Reached target multi-user.target") } == [], "It went on")
    #expect(try await !disk.needsRecovery)
  }
}

@Suite("An emergency in stage 1")
struct StageOneEmergencyTests {
  @Test("has its shell while the helper hangs")
  func hasItsShell() async throws {
    let tree = Tree.lean.withWaitingShells
      .with("/usr/lib/preroot/overlay-prep", "#!/bin/sh\nsystemctl --no-block emergency\nexec sleep 60\n", mode: 0o755)
    var machine = Machine(.kernel(.squashfs), tree, "preroot=tmpfs")
    machine.powerCut = "Reached target emergency.target"
    let console = try await machine.bootUntilPowerCut()
    #expect(console.lines.contains { $0.contains("Started emergency.service") })
    #expect(console.failures == [])
  }

  @Test("is where the machine stays when the helper is done")
  func isKept() async throws {
    let tree = try await Tree.lean.withWaitingShells.having(calls: "GetUnit", .after("systemctl --no-block emergency; sleep 1"))
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    #expect(boot.units["emergency.target"]?.activeState == "active")
    #expect(boot.units["multi-user.target"]?.activeState != "active")
    #expect(boot.isRootWritable)
    #expect(boot.file("dmesg")?.contains("Somebody asked for emergency.target") == true)
  }
}
