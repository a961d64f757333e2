// SPDX-License-Identifier: MIT
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
    try #require(boot.stageOneEnd != nil, "There was no stage 1")
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.unitsStarted["eager.service"] == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.startupCount == 1)
  }

  /// Units that start others by themselves, at once, wanted by the target the boot starts with; and mounts.
  private static let triggers = Tree.lean
    .with("/etc/systemd/system/by-timer.service", oneshot).with("/etc/systemd/system/by-path.service", oneshot)
    .with("/etc/systemd/system/by-socket.service", "[Service]\nExecStart=/bin/sleep infinity\n")
    .with("/etc/systemd/system/by-timer.timer", "[Timer]\nOnBootSec=1us\n")
    .with("/etc/systemd/system/by-path.path", "[Path]\nPathExists=/proc/cmdline\n")
    .with("/etc/systemd/system/by-socket.socket", "[Socket]\nListenStream=/run/by-socket\n")
    .with("/etc/systemd/system/mnt.mount", "[Mount]\nWhat=tmpfs\nWhere=/mnt\nType=tmpfs\n")
    .with("/etc/systemd/system/opt.automount", "[Automount]\nWhere=/opt\n")
    .with("/etc/systemd/system/opt.mount", "[Mount]\nWhat=tmpfs\nWhere=/opt\nType=tmpfs\n")
    .wishing(["by-timer.timer", "by-path.path", "by-socket.socket", "mnt.mount", "opt.automount"], of: "default.target")
  private static let oneshot = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"

  @Test("has its timers, sockets, paths and mounts wait for the writable root", arguments: Leg.each)
  func triggersWait(leg: Leg) async throws {
    let boot = try await Machine(leg, Self.triggers, "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    try #require(boot.stageOneEnd != nil, "There was no stage 1")
    #expect(boot.unitsBegunInStageOne == [])
    // There are no automounts in containers.
    let automounts = leg == .container ? [] : ["opt.automount"]
    for unit in ["by-timer.timer", "by-timer.service", "by-path.path", "by-path.service", "by-socket.socket", "mnt.mount"] + automounts {
      #expect(boot.units[unit]?.activeState == "active", "\(unit)")
      #expect(boot.unitsStarted[unit] == 1, "\(unit)")
    }
    #expect(boot.units["by-socket.socket"]?.subState == "listening")
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.consoleFailures == [])
  }

  /// PID 1 may take its target from where the generator does not look: then the boot is not sent to stage 1 by its alias.
  @Test("is made writable though the boot target is not redirected", arguments: Leg.each)
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

  /// With PrivateTmp=yes for all, systemd's own first services wait for each other: without preroot, too, it leaves some of them out to
  /// break the cycle, and which ones is chance. So this is about stage 1 alone.
  @Test("is made writable even where it breaks its own services")
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
  /// The same tree, where a unit wants others of the image's own.
  func wishing(_ units: [String], of unit: String) -> Tree {
    units.reduce(self) { $0.linking("/etc/systemd/system/\(unit).wants/\($1)", to: "../\($1)") }
  }
}
