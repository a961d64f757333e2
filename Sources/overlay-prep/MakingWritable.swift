import PrerootCore
import PrerootSystem

/// A drop-in for all services can have put this one into a mount namespace of its own (PrivateTmp=yes in service.d/).
func joinInit(_ log: borrowing KernelLog) throws(Errno) {
  do throws(Errno) {
    if try MountNamespace.isThatOfInit() { return }
    try MountNamespace.enterThatOfInit()
    log.say(.notice, "A drop-in gave overlay-prep.service a mount namespace of its own; left it for PID 1's.")
  } catch {
    log.say(.error, "Not in PID 1's mount namespace, and cannot join it: \(error.text).")
    throw error
  }
}

/// Carries the plan out, or takes it back and says why.
///
/// - Returns: the exit status that tells the one from the other.
func makeWritable(
  _ settings: OverlaySettings, _ facts: BootFacts, _ machine: borrowing Machine, _ story: inout Story,
  _ log: borrowing KernelLog
) -> Int32 {
  let plan = OverlayPlan(settings, over: facts.mountInfo, machineID: machine.transientMachineID(facts))
  var kernel = LinuxKernel()
  let start = kernel.microseconds
  do throws(StepFailure) {
    let records = try plan.execute(on: &kernel)
    for record in records {
      story.tell(record)
      if let errno = record.errno { log.say(.warning, "Failed to \(record.operation.text): \(errno.text), ignoring.") }
    }
    let remark = Remark(.notice, "\(settings.scope.text) is writable (upper: \(settings.upper.text)).")
    log.say(remark)
    story.tell(.writable, remark, microseconds: kernel.microseconds - start)
    return ExitStatus.success
  } catch {
    let remark = Remark(.error, "\(settings.scope.text) stays read-only: \(error.sentence).")
    log.say(remark)
    for leftover in error.leftovers { log.say(.error, "Failed to take back: \(leftover.text).") }
    story.tell(.readOnly, remark, microseconds: kernel.microseconds - start)
    return ExitStatus.readOnly
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
  borrowing func transientMachineID(_ facts: BootFacts) -> Text? {
    facts.mountInfo.entry(at: "/etc/machine-id") == nil ? nil : contents("/etc/machine-id")
  }
}
