/// What a plan is executed on: the real one makes system calls, the tests' one fails where it is told to.
public protocol Kernel: ~Copyable {
  mutating func perform(_ step: Step) throws(Errno)
  /// Microseconds of CLOCK_MONOTONIC.
  var microseconds: Int64 { get }
}

/// Who hears of each step as it is done.
public protocol Witness: ~Copyable {
  mutating func hear(_ record: StepRecord)
}

extension [Step] {
  /// Does all of it, or nothing: a failed step takes those before it back, the latest first. Taking back goes on whatever fails; the
  /// witness hears of it.
  ///
  /// - Returns: the step that failed; nil where all are done.
  @inline(never) public func execute<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) -> StepRecord? {
    for place in indices {
      let record = kernel.record(self[place])
      witness.hear(record)
      if record.errno == nil { continue }
      Array(self[..<place]).takeBack(on: &kernel, before: &witness)
      return record
    }
    return nil
  }

  /// Takes back what was done, the latest first.
  @inline(never) public func takeBack<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) {
    for step in reversed() {
      if let inverse = step.inverse { witness.hear(kernel.record(inverse)) }
    }
  }
}

extension OverlayPlan {
  /// Does all of it, or nothing but what comes of a step afterwards that fails.
  ///
  /// - Returns: the step that failed; nil where all are done.
  public func execute<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) -> StepRecord? {
    if let failure = steps.execute(on: &kernel, before: &witness) { return failure }
    for step in afterwards { witness.hear(kernel.record(step)) }
    return nil
  }
}

extension Kernel where Self: ~Copyable {
  @inline(never) fileprivate mutating func record(_ step: Step) -> StepRecord {
    let start = microseconds
    var failure: Errno? = nil
    do throws(Errno) { try perform(step) } catch { failure = error }
    return StepRecord(step: step, startedAtMicroseconds: start, microseconds: microseconds - start, errno: failure)
  }
}
