// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

/// Records the steps and fails at chosen ones.
private struct FakeKernel: Kernel, ~Copyable {
  var performed: [Step] = []
  var failing: [(step: Step, errno: Errno)] = []
  var complaint: Text?
  private let clock = Clock()

  private final class Clock { var now: Int64 = 0 }
  /// Each reading of the clock is a microsecond later than the one before.
  var microseconds: Int64 {
    clock.now += 1
    return clock.now
  }

  mutating func perform(_ step: Step) throws(Errno) {
    performed.append(step)
    for failure in failing where failure.step == step {
      complaint = "No: " + step.text
      throw failure.errno
    }
  }
}

private struct Memory: Witness, ~Copyable {
  var records: [StepRecord] = []
  mutating func hear(_ record: StepRecord) { records.append(record) }
}

@Suite("The execution of a plan")
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

  /// Executes a plan on a kernel that fails like this, and returns the performed steps, the witness's records and the result.
  private func execute(_ plan: OverlayPlan, failing: (step: Step, errno: Errno)...) -> ([Step], [StepRecord], Execution) {
    var kernel = FakeKernel()
    kernel.failing = failing
    var memory = Memory()
    let execution = plan.execute(on: &kernel, before: &memory)
    return (kernel.performed, memory.records, execution)
  }

  @Test("A plan executes every step in order, and then the steps after the pivot", arguments: plans)
  func doesAll(plan: OverlayPlan) throws {
    let (performed, records, execution) = execute(plan)
    #expect(performed == plan.steps + plan.afterwards)
    #expect(execution.failure == nil)
    #expect(records.map(\.step) == performed)
    #expect(records.allSatisfy { $0.errno == nil && $0.microseconds == 1 })
    #expect(records.map(\.startedAtMicroseconds) == records.indices.map { Int64($0 * 2 + 1) })
  }

  @Test("A failed step undoes exactly the steps before it, in reverse order", arguments: plans)
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

  @Test("The way back continues after an inverse step fails, and reports that step", arguments: plans)
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

  @Test("Steps after the pivot are best effort: each runs even if another one fails", arguments: plans)
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
  /// The same plan without the steps after the given one.
  fileprivate func upTo(_ last: Step) -> OverlayPlan {
    var plan = self
    plan.steps = Array(plan.steps[...plan.steps.lastIndex(of: last)!])
    return plan
  }
}

@Suite("Parts of a plan")
struct PartTests {
  private static var plan: OverlayPlan {
    var settings = Settings()
    settings.upper = .device(DeviceName(.path, "/dev/vdb"))
    settings.scope = .directories(["/etc", "/var/lib"])
    settings.binds = ["/home", "/srv"]
    return OverlayPlan(settings, in: Paths.store, over: Table.withMachineID, machineID: RunningID("0123"))
  }

  @Test("A failed step of a part undoes and skips only that part", arguments: plan.steps.filter { !$0.part.isEmpty })
  func isLost(step: Step) throws {
    let plan = Self.plan
    let part = plan.steps.filter { $0.part == step.part }
    // If two steps are equal, the first one fails.
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

  @Test("Each lost part has its own step's complaint, and a step that succeeds has none")
  func complains() {
    let plan = Self.plan, steps = ["Bind=/home", "Bind=/srv"].compactMap { (part: Text) in plan.steps.first { $0.part == part } }
    var kernel = FakeKernel()
    kernel.failing = steps.map { ($0, .inputOutput) }
    var memory = Memory()
    let execution = plan.execute(on: &kernel, before: &memory)
    #expect(execution.losses.map(\.complaint) == steps.map { "No: " + $0.text })
    #expect(memory.records.allSatisfy { $0.errno != nil || $0.complaint == nil })
  }

  @Test("A plan fails and undoes everything if each directory of its scope is lost")
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

@Suite("Failed steps")
struct FailedStepTests {
  private func advice(_ verb: Step.Verb, _ path: Text, _ errno: Errno?) -> String? {
    StepRecord(step: Step(verb, path), startedAtMicroseconds: 0, microseconds: 0, errno: errno).advice?.string
  }

  @Test("A failed step says how to fix it where the cause is known")
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

  @Test("A failed step of unknown cause gives no advice")
  func leavesItToTheSystem() {
    #expect(advice(.mountTmpfs, "/x", .noSuchDevice) == nil)
    #expect(advice(.mountOverlay, "/x", .invalidArgument) == nil)
    #expect(advice(.pivot, "/x", .invalidArgument) == nil)
    #expect(advice(.requireDirectory, "/x", .notPermitted) == nil)
    #expect(advice(.mountOverlay, "/x", nil) == nil)
  }
}
