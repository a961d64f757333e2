// SPDX-License-Identifier: MIT
import Bed
import Support
import Testing

/// With a tmpfs over the whole root no unit is loaded again before it starts: all wait for overlay-prep.service.
@Suite("A boot whose units wait for the root")
struct OrderingTests {
  /// Waits until the drop-ins are gone, then tells what is left of them.
  private static let settled = """
    for i in $(seq 600); do systemctl show '*' -p DropInPaths | grep -q zzzz-preroot || break; sleep 0.1; done
    echo "left=$(systemctl show '*' -p DropInPaths | grep -c zzzz-preroot)"
    echo "stale=$(systemctl show '*' -p NeedDaemonReload | grep -c yes)"
    echo "default=$(systemctl show -p Id --value default.target)"
    echo "state=$(systemctl is-system-running)"
    echo "jobs=$(systemctl show -p NJobs --value)"
    echo "status=$(preroot status > /dev/null; echo $?)"
    """

  @Test("loads none of them again before they start, and leaves nothing of stage 1 on any of them", arguments: Suite.chosen, Leg.each)
  func isSettled(suite: Suite, leg: Leg) async throws {
    let boot = try await Machine(leg, Tree(suite).running(Self.settled), "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(!boot.hasReread)
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsStopped == [])
    #expect(boot.consoleFailures == [])
    #expect(boot.told("left") == "0")
    #expect(boot.told("stale") == "0")
    #expect(boot.told("default") == "graphical.target")
    #expect(boot.told("state") == "running")
    #expect(boot.told("jobs") == "0")
    #expect(boot.told("status") == "0")
    #expect(boot.journal.entries(by: "preroot").contains { $0.message.contains("without a reload") } || leg == .container)
  }

  @Test("reloads when its target is reached, and is not finished later for that", arguments: Leg.each)
  func settlesLast(leg: Leg) async throws {
    let boot = try await Machine(leg, .lean.running("sleep 1; systemctl show -p ExecMainStartTimestampMonotonic --value preroot-settle.service"), "preroot=tmpfs").boot()
    let target = try #require(boot.units["graphical.target"]?.activeEnter)
    let settle = try #require(boot.units["preroot-settle.service"]?.inactiveExit)
    #expect(settle >= target)
    #expect(boot.startupCount == 1)
  }

  // MARK: Whatever comes in between

  @Test("goes to its target once, though somebody asks for it while the root is prepared", arguments: ["systemctl --no-block default; $helper", "$helper; systemctl --no-block default; sleep 1"])
  func meetsDefault(script: String) async throws {
    let boot = try await Machine(.kernel(.squashfs), Tree.lean.wrappingHelper(script), "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsStopped == [])
    #expect(boot.consoleFailures == [])
  }

  @Test("stays in an emergency that is asked for in stage 1, and 'systemctl default' leads out of it", arguments: Leg.each)
  func meetsEmergency(leg: Leg) async throws {
    let tree = try await Tree.lean.withWaitingShells.wrappingHelper("systemctl --no-block emergency; sleep 1; exec $helper").running("""
      echo "before=$(systemctl is-active multi-user.target)"
      systemctl --no-block default
      for i in $(seq 300); do systemctl is-active --quiet graphical.target && break; sleep 0.1; done
      echo "after=$(systemctl is-active graphical.target)"
      echo "failed=$(systemctl --failed --no-legend --plain)"
      """)
    let boot = try await Machine(leg, tree, "preroot=tmpfs").boot()
    #expect(boot.state == "maintenance")
    #expect(boot.units["emergency.target"]?.activeState == "active")
    #expect(boot.isRootWritable)
    #expect(boot.told("before") == "inactive")
    #expect(boot.told("after") == "active")
    #expect(boot.told("failed") == "")
  }

  @Test("is left for a power-off, cleanly", arguments: ["", "; exec sleep 60", "; sleep 1; exec $helper"])
  func powersOff(rest: String) async throws {
    let tree = try await Tree.lean.wrappingHelper("systemctl --no-block --job-mode=replace-irreversibly start poweroff.target\(rest)")
    let console = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").bootUntilPowerOff()
    #expect(console.lines.contains { $0.contains("Power down") })
    #expect(console.lines.filter { $0.contains("Reached target multi-user.target") } == [], "It went on")
    #expect(console.failures == [])
  }

  @Test("is left by Ctrl-Alt-Del")
  func meetsControlAltDelete() async throws {
    let tree = try await Tree.lean.wrappingHelper("echo In stage 1 > /dev/console; sleep 3; exec $helper")
    var machine = Machine(.kernel(.squashfs), tree, "preroot=tmpfs")
    machine.controlAltDelete = "In stage 1"
    let console = try await machine.bootUntilReboot()
    #expect(console.failures == [])
    #expect(console.lines.filter { $0.contains("Reached target multi-user.target") } == [], "It went on")
  }

  @Test("goes on waiting through a reload in stage 1")
  func meetsReload() async throws {
    let tree = try await Tree.lean.wrappingHelper("mkdir -p /run/preroot; touch /run/preroot/begun; systemctl daemon-reload; sleep 1; rm /run/preroot/begun; exec $helper")
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.startupCount == 1)
  }

  @Test("starts each unit once, though one of them has systemd reload on the way", arguments: Leg.each)
  func meetsEarlyReload(leg: Leg) async throws {
    let tree = Tree.lean.with("/etc/systemd/system/eager.service",
      "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=systemctl daemon-reload\n")
      .linking("/etc/systemd/system/sysinit.target.wants/eager.service", to: "../eager.service")
    let boot = try await Machine(leg, tree, "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsStopped == [])
    #expect(boot.startupCount == 1)
  }

  @Test("to a target of the image's own settles after that")
  func settlesAfterOwnTarget() async throws {
    let tree = Tree.lean.with("/etc/systemd/system/my.target", "[Unit]\nRequires=multi-user.target\nAfter=multi-user.target\nAllowIsolate=yes\n").running(Self.settled)
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs", "systemd.unit=my.target").boot()
    #expect(boot.state == "running")
    let target = try #require(boot.units["my.target"]?.activeEnter)
    let settle = try #require(boot.units["preroot-settle.service"]?.inactiveExit)
    #expect(settle >= target)
    #expect(boot.told("left") == "0")
  }

  // MARK: What goes wrong

  /// Each target that starts wants what the helper's service is wanted for.
  @Test("keeps its failure, though targets start later")
  func keepsItsFailure() async throws {
    let tree = Tree.lean.with("/etc/systemd/system/late.target", "[Unit]\n").running("""
      systemctl start late.target
      systemctl is-failed overlay-prep.service
      systemctl show -p ExecMainStatus --value overlay-prep.service
      systemctl start overlay-prep.target; systemctl show -p ExecMainStatus --value overlay-prep.service
      """)
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs:size=4k").boot()
    #expect(boot.state == "degraded")
    #expect(boot.script?.output.hasPrefix("failed\n3\n") == true, "\(String(describing: boot.script))")
    #expect(!boot.isRootWritable)
  }

  @Test("has little memory: /run is enlarged for the late reload, and put back")
  func growsRun() async throws {
    var machine = Machine(.kernel(.squashfs), .lean.running(Self.settled + "\necho \"run=$(findmnt -no OPTIONS /run)\""), "preroot=tmpfs")
    machine.memoryInMegabytes = 64
    let boot = try await machine.boot()
    #expect(boot.state == "running")
    #expect(boot.told("left") == "0", "\(String(describing: boot.script))")
    let size = boot.mounts["/run"]?.superOptions.first { $0.hasPrefix("size=") }
    #expect(size != nil && boot.told("run")?.contains(size ?? "?") == true)
  }

  @Test("has a unit that wants to be before the helper: it boots, and the log names the cycle", arguments: Leg.each)
  func survivesCycle(leg: Leg) async throws {
    let tree = Tree.lean.with("/etc/systemd/system/before.service",
      "[Unit]\nDefaultDependencies=no\nBefore=overlay-prep.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
      .linking("/etc/systemd/system/sysinit.target.wants/before.service", to: "../before.service")
    let boot = try await Machine(leg, tree, "preroot=tmpfs").boot()
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    if leg != .container { #expect(boot.file("dmesg")?.contains("deleted to break ordering cycle") == true) }
  }

  @Test("ends with the root as it was where the helper hangs, with nothing of the image's own needed")
  func survivesHanging() async throws {
    let unit = try Checkout.text("generator/units/overlay-prep.service").replacing("TimeoutStartSec=30min", with: "TimeoutStartSec=2s")
    // Not a drop-in: that would be a reason for the other way.
    let tree = Tree.lean.with("/usr/lib/systemd/system/overlay-prep.service", unit).with("/usr/lib/preroot/overlay-prep", "#!/bin/sh\nexec sleep infinity\n", mode: 0o755)
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    let plain = try await Machine(.kernel(.squashfs), Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.failedUnits == (plain.failedUnits + ["overlay-prep.service"]).sorted())
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.units["preroot-fallback.service"]?.activeState != "active")
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.startupCount == 1)
  }

  /// With the line, a plain boot has the lower remounted; so has one whose overlay failed.
  @Test("whose overlay fails remounts its root as /etc/fstab says")
  func remountsAsPlain() async throws {
    var machine = Machine(.kernel(.ext4), .lean.with("/etc/fstab", "/dev/ubda / ext4 rw 0 0\n"), "preroot=tmpfs:size=4k")
    machine.isRootDeviceReadOnly = false
    let boot = try await machine.boot()
    #expect(boot.failedUnits == ["overlay-prep.service"])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.fileSystem == "ext4")
  }
}
