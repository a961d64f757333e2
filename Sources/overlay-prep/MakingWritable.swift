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

/// Carries the plans out, or takes them back; says how it went.
///
/// - Returns: the exit status that tells the one from the other.
func makeWritable(
  _ settings: Settings, _ target: Text, _ reading: FirstReading, _ facts: borrowing BootFacts, _ machine: borrowing Machine,
  _ story: inout Story, _ log: KernelLog
) -> Int32 {
  var kernel = LinuxKernel()
  let start = kernel.microseconds
  let failure = attempt(settings, over: facts.mountInfo, reading.machineID, on: &kernel, &story)
  for remark in kernel.remarks { log.say(remark) }
  story.tell(kernel.remarks)
  let remark = failure?.outcome(settings) ?? Remark(.notice, settings.scope.text + " is writable, upper: " + settings.upper.text)
  log.say(remark)
  // For the generator, which would stage this boot again. All was taken back: the root is the one it was.
  if failure != nil { machine.keep(StageOne.failed, (facts.mountInfo.root?.majorMinor ?? Text()) + "\n", log) }
  story.tell(failure == nil ? .writable : .readOnly, remark, settings, facts, target, from: start)
  return failure == nil ? ExitStatus.success : ExitStatus.readOnly
}

/// - Returns: the step that failed, once all before it are taken back; nil where all are done.
private func attempt(
  _ settings: Settings, over mountInfo: MountInfo, _ machineID: RunningID, on kernel: inout LinuxKernel, _ story: inout Story
) -> StepRecord? {
  let store = StorePlan(settings.upper, over: mountInfo).steps
  if let failure = store.execute(on: &kernel, before: &story) { return failure }
  guard let failure = OverlayPlan(settings, over: mountInfo, machineID: machineID).execute(on: &kernel, before: &story) else { return nil }
  store.takeBack(on: &kernel, before: &story)
  return failure
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
