import PrerootCore
import PrerootSystem

/// A drop-in for all services can have put this one into a mount namespace of its own (PrivateTmp=yes in service.d/).
func joinInit(_ log: KernelLog) throws(Errno) {
  do throws(Errno) {
    if try MountNamespace.isThatOfInit() { return }
    try MountNamespace.enterThatOfInit()
    log.say(.notice, "A drop-in gave overlay-prep.service a mount namespace of its own; left it for PID 1's")
  } catch {
    log.say(.error, "Not in PID 1's mount namespace, and cannot join it", error)
    throw error
  }
}

/// Carries the plan out, or takes it back; says how it went.
///
/// - Returns: the exit status that tells the one from the other.
func makeWritable(
  _ settings: Settings, _ target: Text, _ facts: borrowing BootFacts, _ machine: borrowing Machine, _ story: inout Story,
  _ log: KernelLog
) -> Int32 {
  let plan = OverlayPlan(settings, over: facts.mountInfo, machineID: machine.transientMachineID(facts.mountInfo))
  var kernel = LinuxKernel()
  let start = kernel.microseconds
  let failure = plan.execute(on: &kernel, before: &story)
  let remark = failure?.outcome(settings) ?? Remark(.notice, settings.scope.text + " is writable, upper: " + settings.upper.text)
  log.say(remark)
  // For the generator, which would stage this boot again. All was taken back: the root is the one it was.
  if failure != nil { machine.keep(StageOne.failed, (facts.mountInfo.root?.majorMinor ?? Text()) + "\n", log) }
  story.tell(failure == nil ? .writable : .readOnly, remark, settings, facts, target, from: start)
  return failure == nil ? ExitStatus.success : ExitStatus.readOnly
}

extension StepRecord {
  @inline(never) fileprivate func outcome(_ settings: Settings) -> Remark {
    var sentence = settings.scope.text + " stays read-only: " + text
    if let advice { sentence.append("; " + advice) }
    return Remark(.error, sentence)
  }

  fileprivate var text: Text {
    @inline(never) get {
      guard let errno else { return step.text + ": " + Text(decimal: microseconds) + " us" }
      return Text("failed to ") + step.text + ": " + errno.text
    }
  }
}

extension Story: Witness {
  @inline(never) mutating func hear(_ record: StepRecord) {
    let remark = Remark(record.errno == nil ? .debug : .warning, record.text)
    tell(step: record.step.text, remark, at: record.startedAtMicroseconds, for: record.microseconds)
  }
}
