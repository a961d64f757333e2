// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// The helper's messages. They go to the kernel log, which is the only log in stage 1, and, as events, to the journal in stage 2.
final class Report {
  private let log: KernelLog
  /// For /run/preroot/events.
  private(set) var events = Text()

  init(on machine: borrowing Machine) { log = KernelLog(of: machine, ident: "preroot") }

  @inline(never) func say(_ remark: Remark, as message: Event.Message = .upper) {
    log.say(remark)
    record(remark, as: message)
  }

  /// Logs to the kernel log only.
  func sayOnce(_ remark: Remark) { log.say(remark) }

  func say(_ priority: Remark.Priority, _ text: Text) { say(Remark(priority, text)) }

  /// Logs `TEXT: WHY`.
  @inline(never) func say(_ priority: Remark.Priority, _ text: Text, _ errno: Errno) {
    say(priority, text + ": " + errno.text)
  }

  /// Logs a remark that has its own event for the journal.
  @inline(never) func say(_ remark: Remark, _ event: Event) {
    log.say(remark)
    record(event)
  }

  // MARK: For the journal only: the kernel log has these already, or they would only fill it

  @inline(never) func record(_ remark: Remark, as message: Event.Message) {
    record(Event(message, remark, atMicroseconds: LinuxKernel().microseconds))
  }

  @inline(never) func record(_ event: Event) { events.append(event.text + "\n") }
}

extension Event {
  /// Makes an event of a step, with its start and its duration.
  @inline(never) init(step: Text, _ remark: Remark, at start: Int64, for microseconds: Int64) {
    self.init(.step, remark, atMicroseconds: start)
    add("PREROOT_STEP", step)
    add("PREROOT_USEC", Text(decimal: microseconds))
  }
}

extension Report: Witness {
  @inline(never) func hear(_ step: StepRecord) {
    let remark = Remark(step.errno == nil ? .debug : .warning, step.text)
    record(Event(step: step.step.text, remark, at: step.startedAtMicroseconds, for: step.microseconds))
  }
}

extension StepRecord {
  var text: Text {
    @inline(never) get {
      guard let errno else { return step.text + ": " + Text(decimal: microseconds) + " us" }
      return Text("failed to ") + step.text + ": " + errno.text
    }
  }
}