// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Support
import Testing

@Suite("overlay-prep as PID 1")
struct FirstProcessTests {
  private static let helper = "/usr/lib/preroot/overlay-prep"

  /// No unit of stage 1 runs, and what is mounted is what the other entrance mounts.
  private func expectWritable(_ boot: Boot, _ location: SourceLocation = #_sourceLocation) {
    #expect(boot.state == "running", "\(boot)", sourceLocation: location)
    #expect(boot.failedUnits == [], sourceLocation: location)
    #expect(boot.mounts["/"]?.source == "preroot", sourceLocation: location)
    #expect(boot.isRootWritable, sourceLocation: location)
    #expect(boot.startupCount == 1, sourceLocation: location)
    #expect(boot.unitsStartedAgain == [], sourceLocation: location)
    #expect(boot.unitsStopped == [], sourceLocation: location)
    #expect(boot.consoleFailures == [], sourceLocation: location)
    #expect(boot.unitsBegun.filter { $0.hasPrefix("overlay-prep") || $0.hasPrefix("preroot-stage1") } == [], sourceLocation: location)
  }

  @Test("overlay-prep as PID 1 makes the root writable before it executes systemd", arguments: Leg.each)
  func isWritable(leg: Leg) async throws {
    let boot = try await Machine(leg, .lean, "preroot=tmpfs").by(.firstProcess).sharedBoot()
    expectWritable(boot)
    let other = try await Machine(leg, .lean, "preroot=tmpfs").sharedBoot()
    #expect(boot.mounts.normalised == other.mounts.normalised)
    #expect(boot.file("preroot/state.json") == other.file("preroot/state.json"))
    #expect(!boot.journal.entries(of: "overlay-prep.service").filter { $0.message == "/ is writable, upper: tmpfs:size=25%,nr_inodes=1m" }.isEmpty)
    #expect(boot.file("analyze")?.contains("Startup finished in") == true)
  }

  @Test("A read-only root becomes writable without preroot= if overlay-prep is PID 1")
  func isAutomatic() async throws {
    expectWritable(try await Machine(.kernel(.erofs)).by(.firstProcess).boot())
  }

  @Test("overlay-prep as /sbin/init executes the first init of the kernel's list that works")
  func isLinked() async throws {
    let systemd = "/usr/lib/systemd/systemd"
    let tree = Tree.lean.linking("/usr/sbin/init", to: Self.helper).with(systemd, "no program\n", mode: 0o755)
      .with(copyOf: "/usr/lib/systemd/systemd", at: "/etc/init")
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs", "quiet").boot()
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.startupCount == 1)
    #expect(boot.file("arguments")?.hasPrefix("/etc/init ") == true, "\(boot.file("arguments") ?? "")")
    #expect(boot.file("dmesg")?.contains("Cannot execute \(systemd): Exec format error") == true)
  }

  static let untouched: [(leg: Leg, words: [String])] = [
    (.kernel(.squashfs), ["preroot=off"]), (.container, ["preroot=tmpfs", "preroot=no"]), (.container, []),
  ]

  @Test("A boot that preroot leaves alone is unchanged if overlay-prep is PID 1", arguments: untouched)
  func isPlain(leg: Leg, words: [String]) async throws {
    try await expectPlainBoot(of: Machine(leg).by(.firstProcess), words)
  }

  @Test("An emergency boot keeps the read-only root if overlay-prep is PID 1, and the log says why")
  func leavesEmergencyAlone() async throws {
    let boot = try await Machine(.kernel(.squashfs), Tree.lean.withWaitingShells, "preroot=tmpfs", "emergency").by(.firstProcess).boot()
    #expect(boot.units["emergency.target"]?.activeState == "active")
    #expect(boot.mounts["/"]?.fileSystem == "squashfs")
    #expect(boot.failedUnits == [])
    #expect(boot.file("dmesg")?.contains(" preroot[") == true)
    #expect(boot.file("dmesg")?.contains("An emergency boot is left alone") == true)
  }
}

/// SIGKILL ends the child of PID 1 before one of its calls. PID 1 executes systemd in any case.
///
/// `PREROOT_KILLS=all swift test --filter FirstProcessKillTests` takes every call.
@Suite("Kills of PID 1's child")
struct FirstProcessKillTests {
  enum Work: String, CaseIterable, Sendable {
    case tmpfs, device

    var leg: Leg { self == .tmpfs ? .container : .kernel(.squashfs) }
    var count: Int { self == .tmpfs ? 8 : 2 }
  }

  private static let tree = Task {
    try await Tree.lean.killingFirstChild().noting("""
      preroot status --json > /run/status
      echo "exit=$?"
      echo "calls=$(cat /run/bed.calls 2> /dev/null)"
      """)
  }

  private func boot(_ work: Work, killedBefore number: Int?) async throws -> Boot {
    var machine = Machine(work.leg, try await Self.tree.value).by(.firstProcess)
    machine.words = [work == .tmpfs ? "preroot=tmpfs" : "preroot=/dev/ubdb"] + (number.map { ["bed_kill=\($0)"] } ?? [])
    if work == .device { machine.disks = [try await .ext4()] }
    let boot = try await machine.boot()
    guard let disk = machine.disks.first, number != nil else { return boot }
    // The next boot succeeds.
    machine.words.removeLast()
    expectUpper(in: try await machine.boot())
    try await disk.check()
    return boot
  }

  @Test("A machine whose PID 1 loses its child at any call boots and reports its true state", arguments: Work.allCases)
  func boots(work: Work) async throws {
    let whole = try await boot(work, killedBefore: nil)
    #expect(whole.state == "running", "\(whole)")
    let calls = try #require(whole.told("calls").flatMap { Int($0) }, "\(whole)")
    #expect(calls > 20)
    let numbers = Kills.chosen(of: calls, atLeast: work.count)
    let plain = try await Machine(work.leg, Tree.lean.withoutPreroot).sharedBoot()
    var states: [String] = []
    for number in numbers {
      let boot = try await boot(work, killedBefore: number)
      states.append(boot.state)
      let isWritable = boot.mounts["/"]?.source == "preroot"
      #expect(boot.told("calls") == "", "\(work), \(number): the child lived: \(boot)")
      #expect(["running", "degraded"].contains(boot.state), "\(work), \(number): \(boot)")
      #expect(boot.units["graphical.target"]?.activeState == "active", "\(work), \(number): \(boot)")
      #expect(boot.startupCount == 1, "\(work), \(number): \(boot)")
      // A child that could not even mount /run leaves the whole work to stage 1.
      if boot.state == "degraded" { #expect(boot.failedUnits.contains("overlay-prep.service"), "\(work), \(number): \(boot)") }
      #expect(boot.failedUnits.filter { $0 != "overlay-prep.service" && (isWritable || !plain.failedUnits.contains($0)) } == [], "\(work), \(number): \(boot)")
      #expect((boot.told("exit") == "0") == isWritable, "\(work), \(number): \(boot)")
      #expect(boot.isRootWritable == isWritable, "\(work), \(number): \(boot)")
    }
    print("kills of PID 1's child, \(work.rawValue): \(calls) calls, \(numbers.count) kills, \(states.count { $0 == "running" }) running, \(states.count { $0 == "degraded" }) degraded")
  }
}
