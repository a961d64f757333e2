import Bed
import Testing

/// What an administrator's image may hold that would start units in stage 1, or break it.
@Suite("An image that works against stage 1")
struct HostileImageTests {
  /// A service that says when it ran, wanted by the target the boot starts with.
  private static let eager = Tree.lean
    .with("/etc/systemd/system/eager.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
    .linking("/etc/systemd/system/default.target.wants/eager.service", to: "../eager.service")

  private static let privateTmp = "[Service]\nPrivateTmp=yes\n"

  static let trees: [Hostility] = [
    Hostility("a wish of default.target", eager),
    Hostility("a drop-in that clears all conditions", eager.with("/etc/systemd/system/service.d/99-x.conf", "[Unit]\nConditionPathExists=\n")),
    Hostility("a drop-in that gives every service mounts of its own", eager.with("/etc/systemd/system/service.d/50-mounts.conf", "[Service]\nPrivateMounts=yes\n")),
    Hostility("a drop-in that gives overlay-prep a /tmp of its own", eager.with("/etc/systemd/system/overlay-prep.service.d/50-tmp.conf", privateTmp)),
    Hostility("a drop-in that makes every service ask for the network", eager.with("/etc/systemd/system/service.d/50-net.conf", "[Unit]\nWants=network.target\n")),
  ]

  struct Hostility: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let tree: Tree

    init(_ description: String, _ tree: Tree) {
      testDescription = description
      self.tree = tree
    }
  }

  @Test("still starts nothing early, and everything once", arguments: Leg.each, trees)
  func isOvercome(leg: Leg, hostility: Hostility) async throws {
    let boot = try await Machine(leg, hostility.tree, "preroot=tmpfs").boot()
    // What the image breaks by itself is not preroot's: without their conditions, services run that cannot.
    let plain = try await Machine(leg, hostility.tree.withoutPreroot).sharedBoot()
    #expect(boot.failedUnits.filter { !plain.failedUnits.contains($0) } == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    try #require(boot.unitsLoaded != nil, "The units were never loaded anew")
    #expect(boot.unitsBegunBeforeReload.filter { !$0.hasPrefix("overlay-prep.") } == [])
    #expect(boot.unitsStarted["eager.service"] == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.startupCount == 1)
  }

  /// With PrivateTmp=yes for all, systemd's own first services wait for each other: without preroot, too, it leaves some of them out to
  /// break the cycle, and which ones is chance. So this is about stage 1 alone.
  @Test("is made writable even where it breaks its own services")
  func isWritableThoughBroken() async throws {
    let tree = Self.eager.with("/etc/systemd/system/service.d/50-tmp.conf", Self.privateTmp)
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.units["overlay-prep.service"]?.result == "success")
    #expect(boot.unitsBegunBeforeReload.filter { !$0.hasPrefix("overlay-prep.") } == [])
    #expect(boot.units["multi-user.target"]?.activeState == "active")
  }
}
