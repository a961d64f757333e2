// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Support
import Testing

/// SIGKILL ends the helper before its Nth system call that changes something. For each N, the machine boots and reports its true state.
///
/// `make check` samples `count` of these calls; `PREROOT_KILLS=all swift test --filter KillTests` takes every one, `PREROOT_KILLS=50` fifty.
@Suite("Kills of the helper")
struct KillTests {
  /// The task of the helper.
  enum Work: String, CaseIterable, Sendable {
    case tmpfs, scope, reexec, device, format, reset, luks = "LUKS", tail, commit

    var words: [String] {
      switch self {
      case .tmpfs: ["preroot=tmpfs"]
      case .scope: ["preroot=tmpfs", "preroot.scope=/etc:/var"]
      case .reexec: ["preroot=tmpfs", "preroot.switch=reexec"]
      case .device: ["preroot=/dev/ubdb"]
      case .format: ["preroot=/dev/ubdb", "preroot.format=blank"]
      case .reset: ["preroot=/dev/ubdb", "preroot.reset"]
      case .luks: ["preroot=/dev/ubdb", "preroot.format=blank", "preroot.crypt=/etc/preroot.key"]
      case .tail: ["root=/dev/ubdb", "preroot=tail", "preroot.format=blank"]
      case .commit: ["preroot=/dev/ubdb", "preroot.commit=on-demand"]
      }
    }

    /// A container has no block devices.
    var leg: Leg { isOnDevice ? .kernel(.squashfs) : .container }
    var isOnDevice: Bool {
      switch self {
      case .tmpfs, .scope, .reexec: false
      case .device, .format, .reset, .luks, .tail, .commit: true
      }
    }

    func disk() async throws -> Disk {
      switch self {
      case .format, .luks: try .blank(megabytes: 64)
      case .tail: try await .image(.squashfs, of: KillTests.tree.value)
      case .commit: try await KillTests.committedDisk.value.copy()
      default: try await KillTests.usedDisk.value.copy()
      }
    }

    /// The mount points of its overlays.
    var mountPoints: [String] { self == .scope ? ["/etc", "/var"] : ["/"] }

    /// The number of kills in `make check`. A boot of a container takes a second, and a kill on a device two boots under a kernel.
    var count: Int { isOnDevice ? 2 : 12 }
  }

  private static let tree = Task {
    try await CryptTests.withCryptsetup(.lean).tracingHelper().running("""
      mkdir -p /run/told
      preroot status --json > /run/told/status
      echo "exit=$?"
      echo "status=$(grep -o '"status": "[^"]*"' /run/told/status | cut -d '"' -f 4)"
      echo "old=$(ls /var/lib/old 2> /dev/null | wc -l)"
      echo "calls=$(tr '\\n' ' ' < /run/bed/calls)"
      """)
  }

  /// A disk with a used upper.
  private static let usedDisk = Task {
    let disk = try await Disk.ext4()
    expectUpper(in: try await Machine(keepingOn: disk, Tree.lean.running("mkdir -p /var/lib/old; for i in {1..40}; do echo old > /var/lib/old/$i; done")).boot())
    return disk
  }

  /// The same disk with a commit for the next boot, which deletes some of these files and adds others.
  private static let committedDisk = Task {
    let disk = try await usedDisk.value.copy()
    let tree = Tree.lean.running("cd /var/lib/old; rm {1..10}; for i in {41..70}; do echo new > $i; done; preroot commit")
    let boot = try await Machine(keepingOn: disk, tree, "preroot.commit=on-demand").boot()
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "")")
    return disk
  }

  private static func machine(_ work: Work, killedBefore number: Int?, on disk: Disk?) async throws -> Machine {
    var machine = Machine(work.leg, try await tree.value)
    machine.words = work.words + (number.map { ["bed.kill=\($0)"] } ?? [])
    machine.disks = disk.map { [$0] } ?? []
    machine.patience = work.isOnDevice ? .seconds(40) : .seconds(20)
    return machine
  }

  /// The result of one kill.
  private struct Outcome: Sendable {
    let number: Int
    var state = "dead"
    /// False if the helper ended before that call.
    var wasKilled = true
    /// Everything that is wrong with the machine.
    var faults: [String] = []
  }

  private func kill(_ work: Work, before number: Int) async throws -> Outcome {
    let disk = work.isOnDevice ? try await work.disk() : nil
    defer { if let disk { try? FileManager.default.removeItem(atPath: disk.path.string) } }
    var outcome = Outcome(number: number)
    do {
      let boot = try await Self.machine(work, killedBefore: number, on: disk).boot()
      outcome.state = boot.state
      outcome.wasKilled = boot.calls.count == number && boot.units["overlay-prep.service"]?.properties["ExecMainStatus"] == "9"
      if !["running", "degraded"].contains(boot.state) { outcome.faults.append("it is \(boot.state)") }
      if boot.units["graphical.target"]?.activeState != "active" { outcome.faults.append("it did not come to its target") }
      if boot.startupCount != 1 { outcome.faults.append("\(boot.startupCount) startups") }
      let isAsAsked = work.mountPoints.allSatisfy { boot.mounts[$0]?.source == "preroot" && boot.mounts[$0]?.isReadOnly == false }
        && boot.store?.fileSystem == (work.isOnDevice ? "ext4" : "tmpfs") && (work == .scope || boot.isRootWritable)
      if (boot.told("status") == "as-asked") != isAsAsked || (boot.told("exit") == "0") != isAsAsked {
        outcome.faults.append("status says '\(boot.told("status") ?? "nothing")', and / is \(boot.mounts["/"]?.description ?? "not mounted")")
      }
      // Some units always fail on a read-only root.
      let plain = isAsAsked ? [] : try await Machine(work.leg, Tree.lean.withoutPreroot).sharedBoot().failedUnits
      let failed = boot.failedUnits.filter { $0 != "overlay-prep.service" && !plain.contains($0) }
      if failed != [] { outcome.faults.append("\(failed.joined(separator: " ")) failed") }
      // The next boot completes an interrupted reset or formatting, or starts it over.
      if let disk {
        let next = try await Self.machine(work, killedBefore: nil, on: disk).boot()
        if next.state != "running" || next.told("status") != "as-asked" { outcome.faults.append("the next boot is \(next.state), \(next.told("status") ?? "?")") }
        let expected = work == .device ? "40" : work == .commit ? "60" : "0"
        if next.told("old") != expected { outcome.faults.append("the next boot has \(next.told("old") ?? "no") old files") }
        if work != .luks { try await (work == .tail ? disk.tail : disk).check() }
      }
    } catch let problem as Problem {
      outcome.faults.append("\(problem)")
    }
    return outcome
  }

  @Test("A machine whose helper is killed at any system call boots and reports its true state", arguments: Work.allCases.filter { !$0.isOnDevice })
  func boots(work: Work) async throws { try await sweep(work) }

  @Test("A machine whose helper is killed at any system call boots, and its next boot has the upper", arguments: Work.allCases.filter(\.isOnDevice))
  func bootsTwice(work: Work) async throws { try await sweep(work) }

  private func sweep(_ work: Work) async throws {
    let disk = work.isOnDevice ? try await work.disk() : nil
    let whole = try await Self.machine(work, killedBefore: nil, on: disk).boot()
    #expect(whole.state == "running", "\(whole)")
    let calls = whole.calls
    try #require(calls.count > 20, "The tracer saw \(calls.count) calls: \(whole)")
    let numbers = Kills.chosen(of: calls.count, atLeast: work.count)

    let outcomes = try await withThrowingTaskGroup { group in
      for number in numbers { group.addTask { try await kill(work, before: number) } }
      return try await group.reduce(into: [Outcome]()) { $0.append($1) }.sorted { $0.number < $1.number }
    }
    func count(_ state: String) -> Int { outcomes.count { $0.state == state } }
    let bad = outcomes.filter { !$0.faults.isEmpty }
    print("""
      kills of the helper, \(work.rawValue): \(calls.count) calls, \(outcomes.count(where: \.wasKilled)) kills, \(count("running")) running, \
       \(count("degraded")) degraded, \(outcomes.count - count("running") - count("degraded")) neither, \(bad.count) with faults
      """)
    for outcome in bad {
      Issue.record("\(work.rawValue), killed before call \(outcome.number), system call \(calls[outcome.number - 1]): \(outcome.faults.joined(separator: "; ").prefix(3000))")
    }
  }
}

/// The calls before which a process is killed.
enum Kills {
  /// Returns the numbers of all calls, or of some that are spread evenly: as many as PREROOT_KILLS says, or `count`.
  static func chosen(of calls: Int, atLeast count: Int) -> [Int] {
    let wish = ProcessInfo.processInfo.environment["PREROOT_KILLS"] ?? ""
    let count = min(calls, wish == "all" ? calls : max(count, Int(wish) ?? 0))
    return (0..<count).map { 1 + $0 * calls / count }
  }
}

extension Boot {
  /// The helper's system calls that can change something.
  fileprivate var calls: [Int] { (told("calls") ?? "").split(separator: " ").compactMap { Int($0) } }
}
