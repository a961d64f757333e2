import Bed
import Testing

/// What differs between the versions of systemd is not to be seen: generators run in a sandbox from 253 on, where every mount looks
/// read-only, and mount(8) of Debian 13 cannot remount an overlay.
@Suite("With another systemd")
struct VersionTests {
  static let suites = [Suite.trixie]
  static let legs = [Leg.container, .kernel(.squashfs)]

  @Test("a read-only image is writable, and each unit starts once", arguments: suites, legs)
  func isWritable(suite: Suite, leg: Leg) async throws {
    let boot = try await Machine(leg, Tree(suite, .lean), "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.isRootWritable)
    #expect(boot.unitsBegunBeforeReload.filter { !$0.hasPrefix("overlay-prep.") } == [])
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsStopped == [])
    #expect(boot.startupCount == 1)
    #expect(boot.consoleFailures == [])
  }

  @Test("a line for / in fstab leaves the overlay writable", arguments: suites, ["ro", "defaults"])
  func survivesRemount(suite: Suite, options: String) async throws {
    let tree = Tree(suite, .lean).with("/etc/fstab", "/dev/root / squashfs \(options) 0 0\n")
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.isReadOnly == false)
  }
}
