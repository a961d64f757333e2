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
  private func execute(_ plan: OverlayPlan, failing: (step: Step, errno: Errno)...) -> ([Step], [StepRecord], StepRecord?) {
    var kernel = FakeKernel()
    kernel.failing = failing
    var memory = Memory()
    let failure = plan.execute(on: &kernel, before: &memory)
    return (kernel.performed, memory.records, failure)
  }

  @Test("does every step in order, then what comes afterwards", arguments: plans)
  func doesAll(plan: OverlayPlan) throws {
    let (performed, records, failure) = execute(plan)
    #expect(performed == plan.steps + plan.afterwards)
    #expect(failure == nil)
    #expect(records.map(\.step) == performed)
    #expect(records.allSatisfy { $0.errno == nil && $0.microseconds == 1 })
    #expect(records.map(\.startedAtMicroseconds) == records.indices.map { Int64($0 * 2 + 1) })
  }

  @Test("takes back what was done before a step that fails, the latest first, and nothing else", arguments: plans)
  func takesBack(plan: OverlayPlan) {
    for place in plan.steps.indices {
      let (performed, records, failure) = execute(plan, failing: (plan.steps[place], .notPermitted))
      #expect(performed == plan.steps[...place] + plan.steps[..<place].reversed().compactMap(\.inverse))
      #expect(failure?.step == plan.steps[place])
      #expect(failure?.errno == .notPermitted)
      #expect(records.map(\.step) == performed)
      #expect(records.filter { $0.errno != nil }.map(\.step) == [plan.steps[place]])
    }
  }

  @Test("goes on taking back where that fails, and says what is left behind", arguments: plans)
  func saysWhatIsLeft(plan: OverlayPlan) throws {
    let last = try #require(plan.steps.last)
    let inverses = plan.steps.dropLast().reversed().compactMap(\.inverse)
    #expect(!inverses.isEmpty)
    for inverse in inverses {
      let (performed, records, failure) = execute(plan, failing: (last, .noSuchDevice), (inverse, .invalidArgument))
      #expect(performed == plan.steps + inverses)
      #expect(failure?.step == last)
      #expect(records.filter { $0.errno == .invalidArgument }.map(\.step) == [inverse])
    }
  }

  @Test("has no way back after the last step: each one afterwards is tried, whatever became of the others", arguments: plans)
  func goesOnAfterwards(plan: OverlayPlan) throws {
    for step in plan.afterwards {
      let (performed, records, failure) = execute(plan, failing: (step, .noSpace))
      #expect(performed == plan.steps + plan.afterwards)
      #expect(failure == nil)
      #expect(records.filter { $0.errno != nil }.map(\.step) == [step])
      #expect(records.first { $0.errno != nil }?.errno == .noSpace)
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
    #expect(advice(.mountTmpfs, "/x", .invalidArgument) == "the kernel does not take these options of a tmpfs")
    #expect(advice(.requireSpace, "/x", .noSpace) == "the upper is too small: 1 MiB and 128 inodes are the least")
    #expect(advice(.requireMountPoint, "/run/initramfs/preroot/root/data", .noSuchFileOrDirectory) == "the image has no directory /data")
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
