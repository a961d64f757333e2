import PrerootCore
import PrerootSystem

// overlay-prep: run by overlay-prep.service in stage 1, when nothing else runs. It makes the root writable, has PID 1 load
// its units anew from there, and sends it on to the target that the machine was to boot to.
// Whatever fails on the way, the machine goes on, read-only at worst, and the service says so by failing.
// See overlay-prep.service(8).

@c(overlay_prep_main)
func main(argumentCount: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) -> Int32 {
  switch unsafe Verb(argumentCount, arguments) {
  case .prepare: prepare()
  case .dryRun: dryRun()
  case .report: report()
  case .help: help()
  case .unknown(let argument): usage(argument)
  }
}

enum Verb {
  case prepare
  case dryRun
  case report
  case help
  case unknown(Text)

  init(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) {
    guard count > 1 else { self = .prepare; return }
    let first = unsafe Text(cString: arguments[1])
    guard count == 2 else { self = unsafe .unknown(Text(cString: arguments[2])); return }
    switch first {
    case "--dry-run": self = .dryRun
    case "--report": self = .report
    case "--help": self = .help
    default: self = .unknown(first)
    }
  }
}

/// A test holds overlay-prep.service(8) to these.
enum ExitStatus {
  /// Done, or there was nothing to do.
  static let success: Int32 = 0
  /// Nothing could be decided or told to PID 1; preroot-fallback.service takes over.
  static let failure: Int32 = 1
  static let usage: Int32 = 2
  /// The root stays as it was, and the machine goes on with it.
  static let readOnly: Int32 = 3
  /// The upper that was asked for cannot be had; a tmpfs takes its place.
  static let fallback: Int32 = 4
}

func prepare() -> Int32 {
  do throws(Errno) {
    let log = KernelLog(of: try Machine(), ident: "preroot")
    try joinInit(log)
    // Anew: the root directory is another one in another namespace.
    let machine = try Machine()
    return prepare(BootFacts(of: machine), machine, log)
  } catch {
    StandardError.say("overlay-prep", error)
    return ExitStatus.failure
  }
}

func prepare(_ facts: borrowing BootFacts, _ machine: borrowing Machine, _ log: KernelLog) -> Int32 {
  switch BootMode(for: facts) {
  case .settled:
    log.say(.info, "Nothing to do: this boot is settled")
    return ExitStatus.success
  case .untouched(let reason):
    log.say(.error, "Nothing done: " + reason.text)
    return ExitStatus.failure
  case .staged(let target, _):
    let settings = Settings(facts.assignments)
    for remark in settings.remarks { log.say(remark) }
    var story = Story()
    story.tell(facts.request.remarks)
    story.tell(settings.remarks)
    let reading = FirstReading(of: machine, facts)
    let outcome = makeWritable(settings, target, reading, facts, machine, &story, log)
    return goOn(to: outcome.target, settings, after: reading, &story, log) ? outcome.status : ExitStatus.failure
  }
}

func dryRun() -> Int32 {
  do throws(Errno) {
    let machine = try Machine()
    let facts = BootFacts(of: machine)
    StandardOutput.say(outline(facts, FirstReading(of: machine, facts)))
    return ExitStatus.success
  } catch {
    StandardError.say("overlay-prep", error)
    return ExitStatus.failure
  }
}

/// What would be said and done.
func outline(_ facts: borrowing BootFacts, _ reading: FirstReading) -> Text {
  let mode = BootMode(for: facts)
  var text = Text()
  text.comment(mode.remarks(on: facts))
  switch mode {
  case .untouched: break
  case .settled: text.append("# This boot is settled: there is nothing left to do\n")
  case .staged:
    let settings = Settings(facts.assignments)
    text.comment(settings.remarks)
    text.append(StorePlan(settings, over: facts.mountInfo).steps.text)
    text.append(OverlayPlan(settings, in: Paths.store + settings.directory, over: facts.mountInfo, machineID: reading.machineID).text)
  }
  return text
}

extension Text {
  @inline(never) fileprivate mutating func comment(_ remarks: [Remark]) {
    for remark in remarks { append(Text("# ") + remark.text + "\n") }
  }
}

func help() -> Int32 {
  StandardOutput.say("""
    Usage: overlay-prep [--dry-run | --report | --help]
    Make a read-only root writable and boot on. Run by overlay-prep.service.

      --dry-run   print what would be done, and do nothing
      --report    send /run/preroot/events to the journal
      --help      print this

    See overlay-prep.service(8), preroot.conf(5).

    """)
  return ExitStatus.success
}

func usage(_ argument: Text) -> Int32 {
  StandardError.say(Text("overlay-prep: '") + argument + "' is not an option; see overlay-prep --help\n")
  return ExitStatus.usage
}
