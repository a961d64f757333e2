import Bed
import Testing

/// What an administrator's image may hold that would start units in stage 1, or break it.
@Suite("An image that works against stage 1")
struct HostileImageTests {
  /// A service that says when it ran, wanted by the target the boot starts with.
  private static let eager = Tree.lean
    .with("/etc/systemd/system/eager.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
    .linking("/etc/systemd/system/default.target.wants/eager.service", to: "../eager.service")

  static let trees: [Hostility] = [
    Hostility("a wish of default.target", eager),
    Hostility("a drop-in that clears all conditions", eager.with("/etc/systemd/system/service.d/99-x.conf", "[Unit]\nConditionPathExists=\n")),
    Hostility("a drop-in that gives every service a /tmp of its own", eager.with("/etc/systemd/system/service.d/50-tmp.conf", "[Service]\nPrivateTmp=yes\n")),
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
    // What the image breaks by itself is not preroot's: PrivateTmp=yes for all makes a cycle of its first services.
    let plain = try await Machine(leg, hostility.tree.withoutPreroot).sharedBoot()
    #expect(boot.failedUnits.filter { !plain.failedUnits.contains($0) } == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    try #require(boot.unitsLoaded != nil, "The units were never loaded anew")
    #expect(boot.unitsBegunBeforeReload.filter { !$0.hasPrefix("overlay-prep.") } == [])
    #expect(boot.unitsStarted["eager.service"] == 1)
    #expect(boot.unitsStarted.filter { $0.value > 1 } == [:])
    #expect(boot.startupCount == 1)
  }
}
