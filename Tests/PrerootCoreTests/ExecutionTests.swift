// SPDX-License-Identifier: MIT
import Testing

@testable import PrerootCore

/// Remembers what it was told, and fails where it is told to.
private struct FakeKernel: Kernel, ~Copyable {
  var performed: [Step] = []
  var failing: [(step: Step, errno: Errno)] = []
  private let clock = Clock()

  private final class Clock { var now: Int64 = 0 }
  /// Each look at the clock is a microsecond later.
  var microseconds: Int64 {
    clock.now += 1
    return clock.now
  }

  mutating func perform(_ step: Step) throws(Errno) {
    performed.append(step)
    for failure in failing where failure.step == step { throw failure.errno }
  }
}

private struct Memory: Witness, ~Copyable {
  var records: [StepRecord] = []
  mutating func hear(_ record: StepRecord) { records.append(record) }
}

@Suite("Executing a plan")
struct ExecutionTests {
  static var plans: [OverlayPlan] {
    Table.all.flatMap { table in
      [Scope.root, .directories(["/etc", "/var/lib"])].map { scope in
        var settings = Settings()
        settings.scope = scope
        return OverlayPlan(settings, over: table)
      }
    }
  }

  /// What a kernel that fails so is told, what the witness hears, and what comes back.
  private func execute(_ plan: OverlayPlan, failing: (step: Step, errno: Errno)...) -> ([Step], [StepRecord], Execution) {
    var kernel = FakeKernel()
    kernel.failing = failing
    var memory = Memory()
    let execution = plan.execute(on: &kernel, before: &memory)
    return (kernel.performed, memory.records, execution)
  }

  @Test("does every step in order, then what comes afterwards", arguments: plans)
  func doesAll(plan: OverlayPlan) throws {
    let (performed, records, execution) = execute(plan)
    #expect(performed == plan.steps + plan.afterwards)
    #expect(execution.failure == nil)
    #expect(records.map(\.step) == performed)
    #expect(records.allSatisfy { $0.errno == nil && $0.microseconds == 1 })
    #expect(records.map(\.startedAtMicroseconds) == records.indices.map { Int64($0 * 2 + 1) })
  }

  @Test("takes back what was done before a step that fails, the latest first, and nothing else", arguments: plans)
  func takesBack(plan: OverlayPlan) {
    for place in plan.steps.indices where plan.steps[place].part.isEmpty {
      let (performed, records, execution) = execute(plan, failing: (plan.steps[place], .notPermitted))
      #expect(performed == plan.steps[...place] + plan.steps[..<place].reversed().compactMap(\.inverse))
      #expect(execution.failure?.step == plan.steps[place])
      #expect(execution.failure?.errno == .notPermitted)
      #expect(records.map(\.step) == performed)
      #expect(records.filter { $0.errno != nil }.map(\.step) == [plan.steps[place]])
    }
  }

  @Test("goes on taking back where that fails, and says what is left behind", arguments: plans)
  func saysWhatIsLeft(plan: OverlayPlan) throws {
    let last = try #require(plan.steps.last { $0.part.isEmpty })
    let plan = plan.upTo(last)
    let inverses = plan.steps.dropLast().reversed().compactMap(\.inverse)
    #expect(!inverses.isEmpty)
    for inverse in inverses {
      let (performed, records, execution) = execute(plan, failing: (last, .noSuchDevice), (inverse, .invalidArgument))
      #expect(performed == plan.steps + inverses)
      #expect(execution.failure?.step == last)
      #expect(records.filter { $0.errno == .invalidArgument }.map(\.step) == [inverse])
    }
  }

  @Test("has no way back after the last step: each one afterwards is tried, whatever became of the others", arguments: plans)
  func goesOnAfterwards(plan: OverlayPlan) throws {
    for step in plan.afterwards {
      let (performed, records, execution) = execute(plan, failing: (step, .noSpace))
      #expect(performed == plan.steps + plan.afterwards)
      #expect(execution.failure == nil)
      #expect(records.filter { $0.errno != nil }.map(\.step) == [step])
      #expect(records.first { $0.errno != nil }?.errno == .noSpace)
    }
  }
}

extension OverlayPlan {
  /// The same without the steps after one of them.
  fileprivate func upTo(_ last: Step) -> OverlayPlan {
    var plan = self
    plan.steps = Array(plan.steps[...plan.steps.lastIndex(of: last)!])
    return plan
  }
}

@Suite("A part of a plan")
struct PartTests {
  private static var plan: OverlayPlan {
    var settings = Settings()
    settings.upper = .device(DeviceName(.path, "/dev/vdb"))
    settings.scope = .directories(["/etc", "/var/lib"])
    settings.binds = ["/home", "/srv"]
    return OverlayPlan(settings, in: Paths.store, over: Table.withMachineID, machineID: RunningID("0123"))
  }

  @Test("is lost alone where one of its steps fails: what was done of it is taken back, the rest of it left out", arguments: plan.steps.filter { !$0.part.isEmpty })
  func isLost(step: Step) throws {
    let plan = Self.plan
    let part = plan.steps.filter { $0.part == step.part }
    // Of two steps that are the same the first one fails.
    let place = try #require(part.firstIndex(of: step))
    var kernel = FakeKernel()
    kernel.failing = [(step, .notPermitted)]
    var memory = Memory()
    let execution = plan.execute(on: &kernel, before: &memory)
    #expect(execution.failure == nil)
    #expect(execution.losses.map(\.step) == [step])
    let before = plan.steps.prefix { $0.part != step.part }, after = plan.steps[before.count...].drop { $0.part == step.part }
    #expect(kernel.performed == before + part[...place] + part[..<place].reversed().compactMap(\.inverse) + after + plan.afterwards)
  }

  @Test("is all there is to a scope of directories: where each is lost, all is taken back")
  func isAll() {
    let plan = Self.plan
    var kernel = FakeKernel()
    kernel.failing = plan.steps.filter { $0.verb == .mountOverlay }.map { ($0, .noSuchDevice) }
    var memory = Memory()
    let execution = plan.execute(on: &kernel, before: &memory)
    #expect(execution.failure?.step.part == "Scope=/etc")
    #expect(execution.losses.map(\.step.part.string) == ["Scope=/etc", "Scope=/var/lib"])
    for step in plan.afterwards { #expect(!kernel.performed.contains(step)) }
    for mount in kernel.performed where mount.verb == .bind && !mount.other.isEmpty && mount.path != "/etc/machine-id" {
      #expect(kernel.performed.contains(mount.inverse!))
    }
  }
}

@Suite("A step that failed")
struct FailedStepTests {
  private func advice(_ verb: Step.Verb, _ path: Text, _ errno: Errno?) -> String? {
    StepRecord(step: Step(verb, path), startedAtMicroseconds: 0, microseconds: 0, errno: errno).advice?.string
  }

  @Test("says what mends it, where that is known")
  func saysWhatMends() {
    #expect(advice(.mountOverlay, "/x", .noSuchDevice)
      == "the kernel has no overlayfs: build it with CONFIG_OVERLAY_FS=y, or put its module 'overlay' into the image")
    #expect(advice(.mountTmpfs, "/x", .invalidArgument) == "the kernel rejects these tmpfs options")
    #expect(advice(.requireSpace, "/x", .noSpace) == "the upper is too small: it needs at least 1 MiB and 128 inodes")
    #expect(advice(.bindRecursively, "/run/initramfs/preroot/root/data", .noSuchFileOrDirectory) == "the image has no directory /data")
    for errno in [Errno.noSuchFileOrDirectory, .notDirectory] {
      #expect(advice(.requireDirectory, "/run/initramfs/preroot/root/sys", errno) == "the image has no directory /sys")
      #expect(advice(.requireDirectory, "/run/initramfs/preroot/lower/srv", errno) == "the image has no directory /srv")
      #expect(advice(.requireDirectory, "/srv", errno) == "the image has no directory /srv")
    }
  }

  @Test("leaves it to the system's words where it is not")
  func leavesItToTheSystem() {
    #expect(advice(.mountTmpfs, "/x", .noSuchDevice) == nil)
    #expect(advice(.mountOverlay, "/x", .invalidArgument) == nil)
    #expect(advice(.pivot, "/x", .invalidArgument) == nil)
    #expect(advice(.requireDirectory, "/x", .notPermitted) == nil)
    #expect(advice(.mountOverlay, "/x", nil) == nil)
  }
}
