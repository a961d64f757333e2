import PrerootCore
import PrerootSystem

/// A drop-in for all services can have put this one into a mount namespace of its own (PrivateTmp=yes in service.d/).
func joinInit(_ log: borrowing KernelLog) throws(Errno) {
  do throws(Errno) {
    if try MountNamespace.isThatOfInit() { return }
    try MountNamespace.enterThatOfInit()
    log.say(.notice, "A drop-in gave overlay-prep.service a mount namespace of its own; left it for PID 1's")
  } catch {
    log.say(.error, "Not in PID 1's mount namespace, and cannot join it: \(error.text)")
    throw error
  }
}

/// Carries the plan out, or takes it back and says why.
///
/// - Returns: the exit status that tells the one from the other.
func makeWritable(
  _ settings: Settings, _ target: Text, _ facts: borrowing BootFacts, _ machine: borrowing Machine, _ story: inout Story,
  _ log: borrowing KernelLog
) -> Int32 {
  let plan = OverlayPlan(settings, over: facts.mountInfo, machineID: machine.transientMachineID(facts))
  var kernel = LinuxKernel()
  let start = kernel.microseconds
  let message: Event.Message
  let remark: Remark
  do throws(StepFailure) {
    for record in try plan.execute(on: &kernel) { story.tell(record, log) }
    message = .writable
    remark = Remark(.notice, "\(settings.scope.text) is writable (upper: \(settings.upper.text))")
  } catch {
    for leftover in error.leftovers { log.say(.error, "Failed to take back: \(leftover.text)") }
    message = .readOnly
    remark = Remark(.error, "\(settings.scope.text) stays read-only: \(error.sentence)")
  }
  log.say(remark)
  story.tell(message, remark, settings, facts, target, microseconds: kernel.microseconds - start)
  return message == .writable ? ExitStatus.success : ExitStatus.readOnly
}

extension Story {
  fileprivate mutating func tell(_ record: StepRecord, _ log: borrowing KernelLog) {
    let step = record.operation.text
    var remark = Remark(.debug, "\(step): \(record.microseconds) us")
    if let errno = record.errno {
      remark = Remark(.warning, "Failed to \(step): \(errno.text), ignoring")
      log.say(remark)
    }
    tell(step: step, remark, microseconds: record.microseconds)
  }
}

extension StepFailure {
  /// What failed, and why, and what mends it.
  fileprivate var sentence: Text {
    let failure: Text = "failed to \(operation.text): \(errno.text)"
    guard let advice else { return failure }
    return "\(advice) (\(failure))"
  }
}

extension Machine {
  /// The ID that PID 1 made up for this boot and mounted on the lower's file; nil where the image has one. See
  /// machine-id(5), "First Boot Semantics".
  borrowing func transientMachineID(_ facts: borrowing BootFacts) -> Text? {
    facts.mountInfo.entry(at: "/etc/machine-id") == nil ? nil : contents("/etc/machine-id")
  }
}
