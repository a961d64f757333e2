// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("Boot words")
struct BootWordTests {
  private static let tree = Tree.lean.withWaitingShells

  /// PID 1 reads the words of a machine and of a container alike. The first ones also show that the kernel passes them on.
  static let staged: [(leg: Leg, word: String, target: String)] = [
    (.kernel(.squashfs), "systemd.unit=multi-user.target", "multi-user.target"), (.kernel(.squashfs), "3", "multi-user.target"),
    (.kernel(.squashfs), "-s", "rescue.target"),
    (.container, "2", "multi-user.target"), (.container, "4", "multi-user.target"), (.container, "5", "graphical.target"),
    (.container, "systemd.unit=rescue.target", "rescue.target"), (.container, "rescue", "rescue.target"),
    (.container, "single", "rescue.target"), (.container, "s", "rescue.target"), (.container, "S", "rescue.target"),
    (.container, "1", "rescue.target"),
  ]

  @Test("A boot reaches the target that its command line names, on a writable root", arguments: staged)
  func reachesItsTarget(leg: Leg, word: String, target: String) async throws {
    let boot = try await Machine(leg, Self.tree, "preroot=tmpfs", word).boot()
    #expect(boot.units[target]?.activeState == "active")
    #expect(boot.state == (target == "rescue.target" ? "maintenance" : "running"))
    #expect(boot.isRootWritable)
    #expect(boot.failedUnits == [])
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsBegunInStageOne == [])
    let beyond = target == "graphical.target" ? [] : ["graphical.target"]
    #expect(beyond.filter { boot.units[$0]?.activeState == "active" } == [], "The boot went beyond its target")
  }

  @Test("A boot to emergency.target keeps the read-only root", arguments: ["emergency", "-b", "systemd.unit=emergency.target"])
  func leavesEmergencyAlone(word: String) async throws {
    let boot = try await Machine(.kernel(.squashfs), Self.tree, "preroot=tmpfs", word).boot()
    #expect(boot.units["emergency.target"]?.activeState == "active")
    #expect(boot.mounts["/"]?.fileSystem == "squashfs")
    #expect(boot.failedUnits == [])
    #expect(boot.file("dmesg")?.contains("preroot-generator") == true, "The log does not say why the root is read-only")
  }
}

extension Tree {
  /// The same tree, whose rescue and emergency shells wait: on this machine they have no console, and would continue to the default target.
  var withWaitingShells: Tree {
    let wait = "[Service]\nExecStart=\nExecStart=-/bin/sleep infinity\n"
    return with("/etc/systemd/system/rescue.service.d/bed.conf", wait).with("/etc/systemd/system/emergency.service.d/bed.conf", wait)
  }
}
