// SPDX-License-Identifier: MIT
/// Executes the steps of a plan. The real kernel makes system calls; the tests' one fails on request.
public protocol Kernel: ~Copyable {
  mutating func perform(_ step: Step) throws(Errno)
  /// What a program said in the last step, if it is the reason why the step failed.
  var complaint: Text? { get }
  /// Microseconds of CLOCK_MONOTONIC.
  var microseconds: Int64 { get }
}

/// Receives the record of each step.
public protocol Witness: ~Copyable {
  mutating func hear(_ record: StepRecord)
}

/// The outcome of executing a plan.
public struct Execution: Sendable {
  /// The step whose failure undid all the others; nil if the plan succeeded.
  public var failure: StepRecord?
  /// The failed step of each part of the plan that was lost.
  public var losses: [StepRecord] = []
}

extension [Step] {
  /// Executes all steps or none. If a step fails, undoes the steps before it, the latest first. A failure while undoing is reported to the
  /// witness and does not stop the rest. If the failed step belongs to a part, undoes only that part and skips the rest of it.
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
        // The steps of a part are consecutive.
        let start = done.lastIndex { !($0.part == step.part) }.map { $0 + 1 } ?? 0
        Array(done[start...]).takeBack(on: &kernel, before: &witness)
        done.removeLast(done.count - start)
        execution.losses.append(record)
      }
    }
    return execution
  }

  /// Undoes the steps, the latest first.
  @inline(never) public func takeBack<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) {
    for step in reversed() {
      if let inverse = step.inverse { witness.hear(kernel.record(inverse)) }
    }
  }
}

extension OverlayPlan {
  /// Executes the plan except for parts that fail. Undoes everything if a step outside of all parts fails, or if every directory is lost.
  /// Afterwards, failures change nothing.
  public func execute<K: Kernel & ~Copyable, W: Witness & ~Copyable>(on kernel: inout K, before witness: inout W) -> Execution {
    var execution = steps.execute(on: &kernel, before: &witness)
    if execution.failure != nil { return execution }
    var directories = 0
    for loss in execution.losses where loss.step.part.hasPrefix("Scope=") { directories += 1 }
    if overlaidDirectories > 0, directories == overlaidDirectories {
      // The remaining steps belong to no directory: binds, and directories on the store.
      steps.filter { step in !execution.losses.contains { $0.step.part == step.part } }.takeBack(on: &kernel, before: &witness)
      execution.failure = execution.losses[0]
      return execution
    }
    for step in afterwards { witness.hear(kernel.record(step)) }
    return execution
  }
}

extension Kernel where Self: ~Copyable {
  /// A kernel that runs no programs.
  public var complaint: Text? { nil }

  @inline(never) fileprivate mutating func record(_ step: Step) -> StepRecord {
    let start = microseconds
    var failure: Errno? = nil
    do throws(Errno) { try perform(step) } catch { failure = error }
    return StepRecord(step: step, startedAtMicroseconds: start, microseconds: microseconds - start, errno: failure, complaint: failure == nil ? nil : complaint)
  }
}
