// SPDX-License-Identifier: MIT
import Bed
import Testing

/// After any failure the machine continues to boot, read-only, and says why.
@Suite("Failures to make the root writable")
struct FailureTests {
  struct Failure: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var tree = Tree.lean
    var words = ["preroot=tmpfs"]
    /// A part of the log line.
    let says: String
  }

  private static let helper = "/usr/lib/preroot/overlay-prep"

  static let failures: [Failure] = [
    Failure(testDescription: "the kernel has no overlayfs", words: ["preroot=tmpfs", "initcall_blacklist=ovl_init"], says: "overlay"),
    Failure(testDescription: "the upper has no space", words: ["preroot=tmpfs:size=4k"], says: "space"),
    Failure(testDescription: "all directories of its scope are missing", words: ["preroot=tmpfs", "preroot.scope=/no/such:/nor/this"], says: "/no/such"),
    Failure(testDescription: "the helper fails", tree: .lean.linking(helper, to: "/bin/false"), says: "overlay-prep.service: Failed"),
    Failure(testDescription: "the helper crashes", tree: .lean.with(helper, "#!/bin/sh\nkill -SEGV $$\n", mode: 0o755), says: "overlay-prep.service: Failed"),
    Failure(testDescription: "the helper hangs", tree: .lean.with(helper, "#!/bin/sh\nexec sleep infinity\n", mode: 0o755)
      .with("/etc/systemd/system/overlay-prep.service.d/bed.conf", "[Service]\nTimeoutStartSec=2s\n"), says: "overlay-prep.service: Failed with result 'timeout'"),
    Failure(testDescription: "the helper cannot be run", tree: .lean.with(helper, "no program\n"), says: "overlay-prep.service: Failed"),
  ]

  static let ways = ["preroot.switch=auto", "preroot.switch=reload"]

  /// What holds the units back meanwhile: their ordering, a condition, or that systemd does not run yet. As PID 1, a helper that is another
  /// program is beyond help.
  static let waysToFail = failures.flatMap { failure in
    ways.map { (failure: failure, entrance: Entrance.stageOne, way: $0) }
      + (failure.tree == .lean ? [(failure, .firstProcess, "preroot.switch=auto")] : [])
  }

  @Test("A machine whose overlay fails boots read-only and says why", arguments: waysToFail)
  func bootsReadOnly(failure: Failure, entrance: Entrance, way: String) async throws {
    var machine = Machine(.kernel(.squashfs), failure.tree).by(entrance)
    machine.words = failure.words + [way]
    let boot = try await machine.boot()
    let plain = try await Machine(.kernel(.squashfs), Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.state == "degraded")
    #expect(boot.failedUnits.contains("overlay-prep.service"))
    #expect(boot.failedUnits.filter { $0 != "overlay-prep.service" } == plain.failedUnits)
    #expect(!boot.isRootWritable)
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    #expect(boot.startupCount == 1)
    let errors = boot.journal.entries.filter { $0.priority <= 4 && $0.message.lowercased().contains(failure.says.lowercased()) }
    #expect(!errors.isEmpty, "No line of the journal says '\(failure.says)'")
  }

  struct Death: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let helper: String
    let words: [String]
    let target: String
  }

  private static let crash = "#!/bin/sh\nkill -SEGV $$\n"
  static let deaths = [
    Death(testDescription: "on the way to the default target", helper: "#!/bin/false\n", words: [], target: "graphical.target"),
    Death(testDescription: "on the way to 3", helper: crash, words: ["3"], target: "multi-user.target"),
    Death(testDescription: "on the way to rescue", helper: "#!/bin/false\n", words: ["systemd.unit=rescue.target"], target: "rescue.target"),
  ]

  /// With so little memory /run is too small for a reload.
  @Test("A machine with 64 MB of memory reaches its target without the helper", arguments: deaths, ways)
  func bootsWithoutHelper(death: Death, way: String) async throws {
    var machine = Machine(.kernel(.squashfs), Tree.lean.withWaitingShells.with(Self.helper, death.helper, mode: 0o755))
    machine.words = ["preroot=tmpfs", way] + death.words
    machine.memoryInMegabytes = 64
    machine.patience = .seconds(30)
    let boot = try await machine.boot()
    #expect(boot.units[death.target]?.activeState == "active")
    #expect(boot.failedUnits.contains("overlay-prep.service"))
    #expect(!boot.isRootWritable)
    #expect(boot.mounts["/"]?.fileSystem == "squashfs")
    #expect(boot.startupCount == 1)
    // A boot that only waits continues by itself.
    #expect((boot.units["preroot-fallback.service"]?.activeState == "active") == (way == "preroot.switch=reload"))
    let beyond = ["rescue.target", "multi-user.target", "graphical.target"].drop { $0 != death.target }.dropFirst()
    #expect(beyond.filter { boot.units[$0]?.activeState == "active" } == [], "The boot went beyond its target")
    #expect(boot.units.values.filter(\.needsReload).map(\.id) == [], "The masks are still loaded")
  }

  /// With neither of them does overlay-prep.service fail.
  static let idlers: [(why: String, tree: Tree)] = [
    ("a condition of the administrator's", .lean.with("/etc/systemd/system/overlay-prep.service.d/site.conf", "[Unit]\nConditionKernelCommandLine=site.overlay\n")),
    ("a helper that does nothing", .lean.linking(helper, to: "/bin/true")),
  ]

  @Test("A machine whose helper does not run, or does nothing, boots read-only", arguments: idlers)
  func isNotLeftInStageOne(why: String, tree: Tree) async throws {
    let boot = try await Machine(.container, tree, "preroot=tmpfs", "preroot.switch=reload").boot()
    let plain = try await Machine(.container, Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.failedUnits == plain.failedUnits)
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.units["preroot-fallback.service"]?.activeState == "active")
    #expect(boot.startupCount == 1)
  }

  /// The helper loads it to call PID 1. preroot-fallback.service has systemctl, which has a library of its own.
  @Test("A machine without libsystemd.so.0 boots to a writable root", arguments: ways)
  func bootsWithoutLibrary(way: String) async throws {
    // D-Bus' daemon needs it, too.
    let tree = ["dbus.service", "dbus.socket", "systemd-logind.service"].reduce(Tree.lean.without("/usr/lib/x86_64-linux-gnu/libsystemd.so.0")) {
      $0.linking("/etc/systemd/system/\($1)", to: "/dev/null")
    }
    let boot = try await Machine(.container, tree, "preroot=tmpfs", way).boot()
    #expect(boot.isRootWritable)
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.startupCount == 1)
    #expect((boot.units["preroot-fallback.service"]?.activeState == "active") == (way == "preroot.switch=reload"))
    #expect(boot.failedUnits.contains(way == "preroot.switch=reload" ? "overlay-prep.service" : "preroot-settle.service"))
  }

  @Test("A boot ends in emergency.target if both helper and preroot-fallback.service fail")
  func endsInEmergency() async throws {
    // preroot-fallback.service creates /run/preroot/ready, as otherwise the bed's own probe would not start.
    let tree = Tree.lean.withWaitingShells.linking(Self.helper, to: "/bin/false").with(
      "/etc/systemd/system/preroot-fallback.service.d/bed.conf",
      "[Service]\nExecStart=\nExecStart=mkdir -p /run/preroot\nExecStart=touch /run/preroot/ready\nExecStart=false\n")
    let boot = try await Machine(.container, tree, "preroot=tmpfs", "preroot.switch=reload").boot()
    #expect(boot.units["emergency.target"]?.activeState == "active")
    #expect(boot.state == "maintenance")
    #expect(boot.failedUnits == ["overlay-prep.service", "preroot-fallback.service"])
    #expect(boot.units["multi-user.target"]?.activeState != "active")
  }

  /// The generator is masked as the manual describes, so the boot is not settled.
  @Test("Starting stage 1 on a running machine leaves its root alone", arguments: ["overlay-prep.target", "preroot-stage1.target"])
  func keepsItsRoot(unit: String) async throws {
    let tree = Tree.lean.linking("/etc/systemd/system-generators/preroot-generator", to: "/dev/null")
      .running("for i in $(seq 30); do systemctl is-active graphical.target && break; sleep 1; done; systemctl start \(unit); echo start=$?; sleep 3")
    let boot = try await Machine(.kernel(.squashfs), tree).boot()
    let plain = try await Machine(.kernel(.squashfs), Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.script?.output.contains("start=1") == true)
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.units["preroot-fallback.service"]?.activeState != "active")
    #expect(boot.journal.entries(saying: "Did nothing: the machine has booted").count == 1)
    #expect(boot.file("preroot/ready") == nil)
  }

  static let settings = [["preroot=tmpfs"], ["preroot=tmpfs", "preroot.switch=reload"], ["preroot=no"]]

  @Test("Isolating stage 1 on a running machine is refused, and stops no unit", arguments: settings, Entrance.chosen)
  func stopsNothing(words: [String], entrance: Entrance) async throws {
    let tree = Tree.lean.running("for unit in overlay-prep.target preroot-stage1.target; do systemctl isolate $unit 2>&1; echo \"isolated=$?\"; done; sleep 1\n")
    var machine = Machine(.container, tree).by(entrance)
    machine.words = words
    let boot = try await machine.boot()
    let isPlain = words == ["preroot=no"]
    let plain = isPlain ? try await Machine(.container, Tree.lean.withoutPreroot).sharedBoot() : nil
    let output = boot.script?.output ?? ""
    #expect(output.matches(of: #/unit may not be isolated/#).count == 2, "\(output)")
    #expect(output.matches(of: #/isolated=[1-9]/#).count == 2, "\(output)")
    #expect(boot.failedUnits == plain?.failedUnits ?? [])
    #expect(boot.unitsStopped == plain?.unitsStopped ?? [])
    for unit in ["graphical.target", "dbus.service", "systemd-journald.service"] { #expect(boot.units[unit]?.activeState == "active") }
  }

  @Test("A machine without the helper boots read-only, and a warning names the file")
  func needsItsHelper() async throws {
    let boot = try await Machine(.kernel(.squashfs), .lean.without(Self.helper), "preroot=tmpfs").boot()
    let plain = try await Machine(.kernel(.squashfs), Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.failedUnits.filter { !$0.contains("overlay-prep") } == plain.failedUnits)
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    #expect(boot.journal.entries.contains { $0.priority <= 4 && $0.message.contains(Self.helper) }, "No warning names the missing helper")
  }
}
