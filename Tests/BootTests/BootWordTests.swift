import Bed
import Testing

@Suite("A boot word")
struct BootWordTests {
  /// The shells of rescue and emergency read from a console that is not there, and would go on to the default target.
  private static let waitForEver = "[Service]\nExecStart=\nExecStart=-/bin/sleep infinity\n"
  private static let tree = Tree.lean
    .with("/etc/systemd/system/rescue.service.d/bed.conf", waitForEver)
    .with("/etc/systemd/system/emergency.service.d/bed.conf", waitForEver)

  static let staged: [(word: String, target: String)] = [
    ("systemd.unit=multi-user.target", "multi-user.target"), ("3", "multi-user.target"), ("5", "graphical.target"),
    ("systemd.unit=rescue.target", "rescue.target"), ("rescue", "rescue.target"), ("single", "rescue.target"), ("s", "rescue.target"),
  ]

  @Test("leads to its target on a writable root", arguments: staged)
  func reachesItsTarget(word: String, target: String) async throws {
    let boot = try await Machine(.kernel(.squashfs), Self.tree, "preroot=tmpfs", word).boot()
    #expect(boot.units[target]?.activeState == "active")
    #expect(boot.state == (target == "rescue.target" ? "maintenance" : "running"))
    #expect(boot.isRootWritable)
    #expect(boot.failedUnits == [])
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsBegunBeforeReload.filter { !$0.hasPrefix("overlay-prep.") } == [])
    let beyond = target == "graphical.target" ? [] : ["graphical.target"]
    #expect(beyond.filter { boot.units[$0]?.activeState == "active" } == [], "The boot went beyond its target")
  }

  @Test("for emergencies leaves the machine as it is", arguments: ["emergency", "-b", "systemd.unit=emergency.target"])
  func leavesEmergencyAlone(word: String) async throws {
    let boot = try await Machine(.kernel(.squashfs), Self.tree, "preroot=tmpfs", word).boot()
    #expect(boot.units["emergency.target"]?.activeState == "active")
    #expect(boot.mounts["/"]?.fileSystem == "squashfs")
    #expect(boot.failedUnits == [])
    #expect(boot.file("dmesg")?.contains("preroot-generator") == true, "Nobody says why the root is read-only")
  }
}
