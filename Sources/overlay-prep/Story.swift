import PrerootCore
import PrerootManager
import PrerootSystem

/// What stage 1 has to tell the journal, kept until the journal is there.
struct Story {
  /// Events, as the file has them.
  private(set) var text = Text()

  /// What the user wrote and could not be taken as written, or something else that is worth a line.
  mutating func tell(_ remarks: [Remark], as message: Event.Message = .remark) {
    let now = LinuxKernel().microseconds
    for remark in remarks { add(Event(message, remark, atMicroseconds: now)) }
  }

  /// How it ended.
  mutating func tell(_ outcome: Outcome, _ remark: Remark, _ settings: Settings, _ facts: borrowing BootFacts, from start: Int) {
    let now = LinuxKernel().microseconds
    let message: Event.Message = outcome.upper == nil ? .readOnly : outcome.failure == nil ? .writable : .fallback
    var event = Event(message, remark, atMicroseconds: now)
    event.add("PREROOT_MODE", outcome.upper == nil ? "read-only" : "overlay")
    event.add("PREROOT_UPPER", outcome.upper?.text ?? Text())
    event.add("PREROOT_UPPER_ASKED", settings.upper.text)
    event.add("PREROOT_SCOPE", settings.scope.text)
    event.add("PREROOT_TARGET", outcome.target)
    if let root = facts.mountInfo.root { event.add("PREROOT_LOWER", root.fileSystemType + " " + root.mountSource) }
    event.add("PREROOT_USEC", Text(decimal: now - start))
    add(event)
  }

  /// A step, when it began, and how long it took.
  @inline(never) mutating func tell(step: Text, _ remark: Remark, at start: Int, for microseconds: Int) {
    var event = Event(.step, remark, atMicroseconds: start)
    event.add("PREROOT_STEP", step)
    event.add("PREROOT_USEC", Text(decimal: microseconds))
    add(event)
  }

  @inline(never) private mutating func add(_ event: Event) { text.append(event.text + "\n") }
}

/// Tells the journal the story of stage 1, in stage 2.
func report() -> Int32 {
  do throws(Errno) {
    guard let text = try Machine().contents(Paths.events) else {
      StandardError.say("overlay-prep: there is no /run/preroot/events: this boot had no first stage\n")
      return ExitStatus.failure
    }
    try Journal.send(text)
    return ExitStatus.success
  } catch {
    StandardError.say("overlay-prep: cannot write to the journal", error)
    return ExitStatus.failure
  }
}
