// SPDX-License-Identifier: MIT
import Bed
import Support
import Testing

/// With a tmpfs over the whole root systemd reloads no unit before it starts: all wait for overlay-prep.service.
@Suite("Ordering")
struct OrderingTests {
  /// Waits until the drop-ins are gone, and then lists the rest of them.
  private static let settled = """
    for i in $(seq 600); do systemctl show '*' -p DropInPaths | grep -q zzzz-preroot || break; sleep 0.1; done
    echo "left=$(systemctl show '*' -p DropInPaths | grep -c zzzz-preroot)"
    echo "stale=$(systemctl show '*' -p NeedDaemonReload | grep -c yes)"
    echo "default=$(systemctl show -p Id --value default.target)"
    echo "state=$(systemctl is-system-running)"
    echo "jobs=$(systemctl show -p NJobs --value)"
    echo "status=$(preroot status > /dev/null; echo $?)"
    """

  @Test("Ordered units start once without a reload before, and no drop-in of stage 1 is left", arguments: Suite.chosen, Leg.each)
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

  @Test("The late reload comes after the boot target", arguments: Leg.each)
  func settlesLast(leg: Leg) async throws {
    let boot = try await Machine(leg, .lean.running(Self.settled), "preroot=tmpfs").boot()
    expectReload(of: boot, after: "graphical.target")
    #expect(boot.startupCount == 1)
  }

  /// The unit is unloaded once it has finished, so this looks in the journal.
  private func expectReload(of boot: Boot, after target: String, _ location: SourceLocation = #_sourceLocation) {
    let starts = boot.journal.entries.filter { $0.isFromManager && $0["MESSAGE_ID"] == MessageID.unitStarted }.compactMap { $0["UNIT"] }
    #expect(starts.firstIndex(of: "preroot-settle.service").map { starts[..<$0].contains(target) } == true, "\(starts)", sourceLocation: location)
  }

  // MARK: Interruptions

  @Test("systemctl default in stage 1 starts each ordered unit once", arguments: ["systemctl --no-block default; $helper", "$helper; systemctl --no-block default; sleep 1"])
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

  @Test("An emergency during an ordered stage 1 lasts until systemctl default leads out of it", arguments: Leg.each)
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

  @Test("A power-off during an ordered stage 1 is clean", arguments: ["", "; exec sleep 60", "; sleep 1; exec $helper"])
  func powersOff(rest: String) async throws {
    let tree = try await Tree.lean.wrappingHelper("systemctl --no-block --job-mode=replace-irreversibly start poweroff.target\(rest)")
    let console = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").bootUntilPowerOff()
    #expect(console.lines.contains { $0.contains("Power down") })
    #expect(console.lines.filter { $0.contains("Reached target multi-user.target") } == [], "It went on")
    #expect(console.failures == [])
  }

  @Test("Ctrl-Alt-Del during an ordered stage 1 reboots the machine")
  func meetsControlAltDelete() async throws {
    let tree = try await Tree.lean.wrappingHelper("echo In stage 1 > /dev/console; sleep 3; exec $helper")
    var machine = Machine(.kernel(.squashfs), tree, "preroot=tmpfs")
    machine.controlAltDelete = "In stage 1"
    let console = try await machine.bootUntilReboot()
    #expect(console.failures == [])
    #expect(console.lines.filter { $0.contains("Reached target multi-user.target") } == [], "It went on")
  }

  @Test("Ordered units keep waiting after a reload in stage 1")
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

  @Test("A reload by a unit of the image restarts no ordered unit", arguments: Leg.each)
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

  @Test("The late reload comes after a target that the command line names")
  func settlesAfterOwnTarget() async throws {
    let tree = Tree.lean.with("/etc/systemd/system/my.target", "[Unit]\nRequires=multi-user.target\nAfter=multi-user.target\nAllowIsolate=yes\n").running(Self.settled)
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs", "systemd.unit=my.target").boot()
    #expect(boot.state == "running")
    expectReload(of: boot, after: "my.target")
    #expect(boot.told("left") == "0")
  }

  // MARK: Failures

  /// Each target that starts wants preroot-prepared.target, too.
  @Test("A failed overlay stays failed when a target starts later")
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

  @Test("The late reload enlarges /run temporarily if memory is small")
  func growsRun() async throws {
    var machine = Machine(.kernel(.squashfs), .lean.running(Self.settled + "\necho \"run=$(findmnt -no OPTIONS /run)\""), "preroot=tmpfs")
    machine.memoryInMegabytes = 64
    let boot = try await machine.boot()
    #expect(boot.state == "running")
    #expect(boot.told("left") == "0", "\(String(describing: boot.script))")
    // The report may have seen /run while it was larger.
    machine.tree = .lean.withoutPreroot
    machine.words = []
    let size = try await machine.boot().mounts["/run"]?.superOptions.first { $0.hasPrefix("size=") }
    #expect(size != nil && boot.told("run")?.contains(size ?? "?") == true, "\(size ?? "") \(boot.told("run") ?? "")")
  }

  @Test("A unit before the helper causes a cycle: the machine boots, and the log names the unit", arguments: Leg.each)
  func survivesCycle(leg: Leg) async throws {
    let tree = Tree.lean.with("/etc/systemd/system/before.service",
      "[Unit]\nDefaultDependencies=no\nBefore=overlay-prep.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
      .linking("/etc/systemd/system/sysinit.target.wants/before.service", to: "../before.service")
    let boot = try await Machine(leg, tree, "preroot=tmpfs").boot()
    #expect(boot.units["graphical.target"]?.activeState == "active")
    // PID 1 drops jobs of its own choice, also that of journald's socket.
    let hasJournal = boot.units["systemd-journald.service"]?.activeState == "active"
    #expect(hasJournal ? boot.startupCount == 1 : boot.file("analyze")?.contains("Startup finished") == true, "\(boot)")
    #expect(boot.unitsStartedAgain == [])
    if leg != .container { #expect(boot.file("dmesg")?.contains("deleted to break ordering cycle") == true) }
  }

  @Test("An ordered boot keeps its root and needs no fallback if the helper hangs")
  func survivesHanging() async throws {
    let unit = try Checkout.text("generator/units/overlay-prep.service").replacing("TimeoutStartSec=30min", with: "TimeoutStartSec=2s")
    // A drop-in would make preroot hold the units back by a condition.
    let tree = Tree.lean.with("/usr/lib/systemd/system/overlay-prep.service", unit).with("/usr/lib/preroot/overlay-prep", "#!/bin/sh\nexec sleep infinity\n", mode: 0o755)
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    let plain = try await Machine(.kernel(.squashfs), Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.failedUnits == (plain.failedUnits + ["overlay-prep.service"]).sorted())
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.units["preroot-fallback.service"]?.activeState != "active")
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.startupCount == 1)
  }

  /// Because of the line, systemd remounts the lower in a plain boot, and also after a failed overlay.
  @Test("The root is remounted as /etc/fstab says if the overlay of an ordered boot fails")
  func remountsAsPlain() async throws {
    var machine = Machine(.kernel(.ext4), .lean.with("/etc/fstab", "/dev/ubda / ext4 rw 0 0\n"), "preroot=tmpfs:size=4k")
    machine.isRootDeviceReadOnly = false
    let boot = try await machine.boot()
    #expect(boot.failedUnits == ["overlay-prep.service"])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.fileSystem == "ext4")
  }
}
