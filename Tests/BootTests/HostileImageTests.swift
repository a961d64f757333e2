// SPDX-License-Identifier: MIT
import Bed
import Testing

/// Configuration in an image that would start units in stage 1, or break it.
@Suite("Images that work against stage 1")
struct HostileImageTests {
  /// A service that the default target wants.
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

  @Test("A hostile image starts no unit in stage 1, and each unit once", arguments: Leg.each, trees)
  func isOvercome(leg: Leg, hostility: Hostility) async throws {
    let boot = try await Machine(leg, hostility.tree, "preroot=tmpfs").boot()
    // The plain boot shows the failures of the image itself: without their conditions, some services start that must fail.
    let plain = try await Machine(leg, hostility.tree.withoutPreroot).sharedBoot()
    #expect(boot.failedUnits.filter { !plain.failedUnits.contains($0) } == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    try #require(boot.stageOneEnd != nil, "There was no stage 1")
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.unitsStarted["eager.service"] == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.startupCount == 1)
  }

  /// Units that activate others at once, and mounts; the default target wants them all.
  private static let triggers = Tree.lean
    .with("/etc/systemd/system/by-timer.service", oneshot).with("/etc/systemd/system/by-path.service", oneshot)
    .with("/etc/systemd/system/by-socket.service", "[Service]\nExecStart=/bin/sleep infinity\n")
    .with("/etc/systemd/system/by-timer.timer", "[Timer]\nOnBootSec=1us\n")
    .with("/etc/systemd/system/by-path.path", "[Path]\nPathExists=/proc/cmdline\n")
    .with("/etc/systemd/system/by-socket.socket", "[Socket]\nListenStream=/run/by-socket\n")
    // Until journald runs, PID 1 of a container logs to the console only, and nothing else orders a mount after it.
    .with("/etc/systemd/system/mnt.mount", "[Unit]\nAfter=systemd-journald.service\n[Mount]\nWhat=tmpfs\nWhere=/mnt\nType=tmpfs\n")
    .with("/etc/systemd/system/opt.automount", "[Automount]\nWhere=/opt\n")
    .with("/etc/systemd/system/opt.mount", "[Mount]\nWhat=tmpfs\nWhere=/opt\nType=tmpfs\n")
    .wishing(["by-timer.timer", "by-path.path", "by-socket.socket", "mnt.mount", "opt.automount"], of: "default.target")
  private static let oneshot = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"

  @Test("Timers, sockets, paths and mounts of the image wait for the writable root", arguments: Leg.each)
  func triggersWait(leg: Leg) async throws {
    let boot = try await Machine(leg, Self.triggers, "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    try #require(boot.stageOneEnd != nil, "There was no stage 1")
    #expect(boot.unitsBegunInStageOne == [])
    // Containers have no automounts.
    let automounts = leg == .container ? [] : ["opt.automount"]
    for unit in ["by-timer.timer", "by-timer.service", "by-path.path", "by-path.service", "by-socket.socket", "mnt.mount"] + automounts {
      #expect(boot.units[unit]?.activeState == "active", "\(unit)")
      #expect(boot.unitsStarted[unit] == 1, "\(unit)")
    }
    #expect(boot.units["by-socket.socket"]?.subState == "listening")
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.consoleFailures == [])
  }

  /// PID 1 may take its target from a place that the generator does not read. Then the alias does not redirect the boot.
  @Test("The root becomes writable even if another generator removes the redirection", arguments: Leg.each)
  func isCaughtByTheNet(leg: Leg) async throws {
    let tree = Self.eager.with("/etc/systemd/system-generators/contrary", """
      #!/bin/sh
      # In stage 1: takes the alias away as soon as it is there.
      grep -q ' / / .* - overlay preroot ' /proc/1/mountinfo && exit
      for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
        [ -L "$2/default.target" ] && exec rm "$2/default.target"
        sleep 0.1
      done

      """, mode: 0o755)
    let boot = try await Machine(leg, tree, "preroot=tmpfs", "preroot.switch=reload").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.units["graphical.target"]?.activeState == "active")
    try #require(boot.stageOneEnd != nil, "There was no stage 1")
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.unitsStarted["eager.service"] == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.startupCount == 1)
    #expect(boot.consoleFailures == [])
  }

  /// With PrivateTmp=yes for all services, systemd's own early services form an ordering cycle. Even without preroot, PID 1 drops
  /// random ones of them to break it, so this test only looks at stage 1.
  @Test("The root becomes writable even if the image breaks its own services")
  func isWritableThoughBroken() async throws {
    let tree = Self.eager.with("/etc/systemd/system/service.d/50-tmp.conf", Self.privateTmp)
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.units["overlay-prep.service"]?.result == "success")
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.units["multi-user.target"]?.activeState == "active")
  }
}

extension Tree {
  /// The same tree, in which a unit wants others of the image.
  func wishing(_ units: [String], of unit: String) -> Tree {
    units.reduce(self) { $0.linking("/etc/systemd/system/\(unit).wants/\($1)", to: "../\($1)") }
  }
}
