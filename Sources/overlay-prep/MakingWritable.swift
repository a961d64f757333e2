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

/// How the root was made writable, or was not.
struct Outcome {
  /// The exit status that tells the one from the other.
  var status = ExitStatus.success
  /// Where the boot goes on to.
  var target: Text
  /// What stands below the overlay; nil where there is none.
  var upper: Upper?
  /// What was asked for and not given, and why; nil where all was.
  var failure: Text?
}

/// Carries the plans out, or takes them back and falls back; says how it went.
func makeWritable(
  _ settings: Settings, _ target: Text, _ reading: FirstReading, _ facts: borrowing BootFacts, _ machine: borrowing Machine,
  _ story: inout Story, _ log: KernelLog
) -> Outcome {
  let work = Work(settings, target, reading, story, log)
  let start = work.kernel.microseconds
  var outcome = Outcome(target: target, upper: settings.upper)
  switch settings.upper {
  case .tmpfs(let options): outcome.failure = work.mount(options, facts)
  case .device(let name):
    outcome.failure = work.mount(name, facts, machine)
    if let failure = outcome.failure { work.fallBack(&outcome, name.text + " " + failure, facts) }
  }
  if outcome.failure != nil, outcome.status == ExitStatus.success {
    outcome.status = ExitStatus.readOnly
    outcome.upper = nil
  }
  story = work.story
  let scope = settings.scope.text
  var remark = Remark(.notice, scope + " is writable, upper: " + (outcome.upper?.text ?? Text()))
  if let failure = outcome.failure {
    remark = Remark(.error, scope + (outcome.upper == nil ? " stays read-only: " : " is writable on a tmpfs only, what is written is lost at power-off: ") + failure)
  }
  log.say(remark)
  record(outcome, remark, settings, facts, log)
  story.tell(outcome, remark, settings, facts, from: start)
  return outcome
}

/// Leaves word of it in /run.
private func record(_ outcome: Outcome, _ remark: Remark, _ settings: Settings, _ facts: borrowing BootFacts, _ log: KernelLog) {
  do throws(Errno) {
    // Anew: the root may be another one by now.
    let machine = try Machine()
    // For the generator, which would stage this boot again. All was taken back: the root is the one it was.
    if outcome.upper == nil { machine.keep(Paths.failed, (facts.mountInfo.root?.majorMinor ?? Text()) + "\n", log) }
    machine.keep(Paths.state, State(outcome, settings, facts).text, log)
    if outcome.failure != nil { machine.sayAtLogin(remark.text + "\nSee: journalctl -u overlay-prep.service\n", log) }
  } catch {
    log.say(.error, "Cannot open /", error)
  }
}

extension State {
  fileprivate init(_ outcome: Outcome, _ settings: Settings, _ facts: borrowing BootFacts) {
    self.init()
    add("mode", outcome.upper == nil ? "read-only" : "overlay")
    add("asked", settings.upper.text)
    add("upper", outcome.upper?.text ?? Text())
    add("why", outcome.failure ?? Text())
    add("scope", settings.scope.text)
    add("target", outcome.target)
    if let root = facts.mountInfo.root { add("lower", root.fileSystemType + " " + root.mountSource) }
  }
}

extension Machine {
  /// Has a line shown to whoever logs in. See pam_motd(8).
  fileprivate borrowing func sayAtLogin(_ text: Text, _ log: KernelLog) {
    do throws(Errno) {
      try root.makeDirectory("run/motd.d")
      try root.replace("run/motd.d/preroot", contents: text)
    } catch {
      log.say(.warning, "Cannot write to /run/motd.d", error)
    }
  }
}
