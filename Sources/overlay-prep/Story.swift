import PrerootCore
import PrerootManager
import PrerootSystem

/// What stage 1 has to tell the journal, kept until the journal is there.
struct Story {
  static var path: Text { "/run/preroot/events" }

  private var events: [Event] = []
  private let common: [(StaticString, Text)]

  /// Begins with what the user wrote and could not be taken as written.
  init(_ facts: BootFacts, _ settings: OverlaySettings) {
    let root = facts.mountInfo.root
    common = [
      ("PREROOT_UPPER", settings.upper.text), ("PREROOT_SCOPE", settings.scope.text), ("PREROOT_TARGET", settings.target),
      ("PREROOT_LOWER", "\(root?.fileSystemType ?? "") \(root?.mountSource ?? "")"),
    ]
    for remark in Settings(configuration: facts.configuration, commandLine: facts.commandLine).remarks {
      events.append(Event(.remark, remark, atMicroseconds: LinuxKernel().microseconds))
    }
  }

  var text: Text {
    var text = Text()
    for event in events { text.append(event.text) }
    return text
  }

  mutating func tell(_ message: Event.Message, _ remark: Remark, microseconds: Int) {
    let mode: Text = message == .writable ? "overlay" : "read-only"
    events.append(Event(message, remark, atMicroseconds: LinuxKernel().microseconds,
                        common + [("PREROOT_MODE", mode), ("PREROOT_USEC", Text(decimal: microseconds))]))
  }

  mutating func tell(_ record: StepRecord) {
    var text: Text = "\(record.operation.text): \(record.microseconds) us"
    if let errno = record.errno { text = "\(record.operation.text): \(errno.text)" }
    step(record.operation.text, text, record.errno == nil ? .debug : .warning, record.microseconds)
  }

  mutating func tellReload(microseconds: Int) {
    step("reload", "systemd loaded its units anew: \(microseconds / 1000) ms", .info, microseconds)
  }

  private mutating func step(_ name: Text, _ text: Text, _ priority: Remark.Priority, _ microseconds: Int) {
    events.append(Event(.step, Remark(priority, text), atMicroseconds: LinuxKernel().microseconds,
                        [("PREROOT_STEP", name), ("PREROOT_USEC", Text(decimal: microseconds))]))
  }
}

/// Tells the journal the story of stage 1, in stage 2.
func report() -> Int32 {
  do throws(Errno) {
    guard let text = try Machine().contents(Story.path) else {
      StandardError.say("overlay-prep: there is no \(Story.path): this boot had no first stage\n")
      return ExitStatus.failure
    }
    for fields in Event.lines(of: text) { try Journal.send(fields) }
    return ExitStatus.success
  } catch {
    StandardError.say("overlay-prep: cannot write to the journal: \(error.text)\n")
    return ExitStatus.failure
  }
}
