// SPDX-License-Identifier: MIT
import Bed
import Testing

/// A shutdown leaves the upper clean: its next mount has no journal to recover.
@Suite("Shutdown with a persistent upper")
struct ShutdownTests {
  @Test("A power-off leaves the upper clean even if a file is open", arguments: UpperStory.chosen)
  func isClean(lower: UpperStory.Lower, entrance: Entrance) async throws {
    let story = try await UpperStory.told(over: lower, by: entrance)
    #expect(story.wasLeftDirty == [false, false, false])
    #expect(story.boots.flatMap(\.consoleFailures) == [])
    #expect(story.boots.allSatisfy { $0.units["holder.service"]?.activeState == "active" })
  }

  @Test("A reboot leaves the upper clean")
  func isCleanAtReboot() async throws {
    let disk = try await Disk.ext4()
    let boot = try await Machine(keepingOn: disk, UpperStory.tree(over: .empty).ending(with: "reboot.target")).boot(until: .rebooted)
    expectUpper(in: boot)
    #expect(try await !disk.needsRecovery)
    try await disk.check()
  }

  /// The helper's first call of PID 1, with the overlay mounted, and one of its last calls.
  static let moments = ["StartUnit", "LoadUnit"]

  @Test("A power-off in stage 1 leaves the upper clean", arguments: moments)
  func isCleanInStageOne(moment: String) async throws {
    let disk = try await Disk.ext4()
    let tree = try await Tree.lean.having(calls: moment, .after("systemctl --no-block --job-mode=replace-irreversibly start poweroff.target"))
    let console = try await Machine(keepingOn: disk, tree).bootUntilPowerOff()
    #expect(console.failures == [])
    #expect(console.lines.filter { $0.contains("Reached target multi-user.target") } == [], "The boot continued")
    #expect(try await !disk.needsRecovery)
    #expect(try await disk.names(in: "/").contains("upper"), "The boot never used the upper")
  }

  @Test("Ctrl-Alt-Del in stage 1 leaves the upper clean")
  func isCleanAtControlAltDelete() async throws {
    let disk = try await Disk.ext4()
    var machine = Machine(keepingOn: disk, try await .lean.having(calls: "StartUnit", .after("echo In stage 1 > /dev/console; sleep 3")))
    machine.controlAltDelete = "In stage 1"
    let console = try await machine.bootUntilReboot()
    #expect(console.failures == [])
    #expect(console.lines.filter { $0.contains("Reached target multi-user.target") } == [], "The boot continued")
    #expect(try await !disk.needsRecovery)
  }
}

@Suite("Emergencies in stage 1")
struct StageOneEmergencyTests {
  @Test("The emergency shell starts in stage 1 while the helper hangs")
  func hasItsShell() async throws {
    let tree = Tree.lean.withWaitingShells
      .with("/usr/lib/preroot/overlay-prep", "#!/bin/sh\nsystemctl --no-block emergency\nexec sleep 60\n", mode: 0o755)
    var machine = Machine(.kernel(.squashfs), tree, "preroot=tmpfs")
    machine.powerCut = "Reached target emergency.target"
    let console = try await machine.bootUntilPowerCut()
    #expect(console.lines.contains { $0.contains("Started emergency.service") })
    #expect(console.failures == [])
  }

  @Test("The helper does not lead out of emergency.target")
  func isKept() async throws {
    let tree = try await Tree.lean.withWaitingShells.having(calls: "GetUnit", .after("systemctl --no-block emergency; sleep 1"))
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    #expect(boot.units["emergency.target"]?.activeState == "active")
    #expect(boot.units["multi-user.target"]?.activeState != "active")
    #expect(boot.isRootWritable)
    #expect(boot.file("dmesg")?.contains("emergency.target was requested") == true)
  }
}
