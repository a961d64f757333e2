// SPDX-License-Identifier: MIT
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

/// How the execution of a plan ended.
public struct Execution: Sendable {
  /// The step that failed and took all the others back; nil where the plan is executed.
  public var failure: StepRecord?
  /// For each part of the plan that is lost, the step of it that failed.
  public var losses: [StepRecord] = []
}

extension [Step] {
  /// Does all of it, or nothing: a failed step takes those before it back, the latest first. Taking back goes on whatever fails; the
  /// witness hears of it. A failed step of a part takes back that part, and the rest of the part is left out.
  @inline(never) public func execute<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) -> Execution {
    var execution = Execution()
    var done: [Step] = []
    for step in self {
      if let lost = execution.losses.last, !step.part.isEmpty, step.part == lost.step.part { continue }
      let record = kernel.record(step)
      witness.hear(record)
      if record.errno == nil {
        done.append(step)
      } else if step.part.isEmpty {
        done.takeBack(on: &kernel, before: &witness)
        execution.failure = record
        return execution
      } else {
        // A part's steps are done one after the other.
        let start = done.lastIndex { !($0.part == step.part) }.map { $0 + 1 } ?? 0
        Array(done[start...]).takeBack(on: &kernel, before: &witness)
        done.removeLast(done.count - start)
        execution.losses.append(record)
      }
    }
    return execution
  }

  /// Takes back what was done, the latest first.
  @inline(never) public func takeBack<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) {
    for step in reversed() {
      if let inverse = step.inverse { witness.hear(kernel.record(inverse)) }
    }
  }
}

extension OverlayPlan {
  /// Does all of it but for the parts that fail, or nothing, where a step of no part fails or every directory is lost; a step afterwards
  /// that fails changes nothing.
  public func execute<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) -> Execution {
    var execution = steps.execute(on: &kernel, before: &witness)
    if execution.failure != nil { return execution }
    var directories = 0
    for loss in execution.losses where loss.step.part.hasPrefix("Scope=") { directories += 1 }
    if overlaidDirectories > 0, directories == overlaidDirectories {
      // What is left is not of a directory: binds, and directories on the store.
      steps.filter { step in !execution.losses.contains { $0.step.part == step.part } }.takeBack(on: &kernel, before: &witness)
      execution.failure = execution.losses[0]
      return execution
    }
    for step in afterwards { witness.hear(kernel.record(step)) }
    return execution
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
