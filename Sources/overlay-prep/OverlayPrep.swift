// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootManager
import PrerootSystem

// overlay-prep: run by overlay-prep.service in stage 1, when nothing else runs. It makes the root writable, has PID 1 reload
// from there, and sends it on to the target that the machine is to boot to. Or run by the kernel as PID 1, before systemd.
// Whatever fails on the way, the machine goes on, read-only at worst, and the service says so by failing.
// See overlay-prep.service(8).

@_cdecl("overlay_prep_main")
func main(argumentCount: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) -> Int32 {
  var words: [Text] = []
  for place in 1..<max(Int(argumentCount), 1) { words.append(unsafe Text(cString: arguments[place])) }
  switch Invocation(words, isFirstProcess: FirstProcess.isThis) {
  case .firstProcess: return unsafe boot(arguments)
  case .prepare: return prepare()
  case .report: return sendReport()
  case .reached: return takeBackAttempts()
  case .settle: return settle()
  case .fstab: return copyFileSystemTable()
  case .help: return help()
  case .unknown(let argument): return usage(argument)
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
  /// The upper that was asked for is unavailable; a tmpfs takes its place.
  static let fallback: Int32 = 4
  /// A part of what was asked for is lost, such as a directory of Bind=; the rest is as asked for.
  static let partly: Int32 = 5
}

func prepare() -> Int32 {
  do throws(Errno) {
    let report = Report(on: try Machine(at: "/"))
    try joinInit(report)
    // The root directory is another one in another namespace.
    return prepare(try Machine(at: "/"), report)
  } catch {
    StandardError.say("overlay-prep", error)
    return ExitStatus.failure
  }
}

func prepare(_ image: consuming Machine, _ report: Report) -> Int32 {
  let facts = BootFacts(of: image)
  switch BootMode(for: facts) {
  case .settled:
    // Where PID 1 itself was overlay-prep, the unit shows how that ended.
    if let status = image.contents(Paths.status)?.trimmed.decimalValue { return Int32(truncatingIfNeeded: status) }
    // A second start must not hide that the first one failed.
    if facts.failed != nil, facts.mountInfo.overlays.isEmpty {
      report.say(.error, "Did nothing: this boot has tried it already")
      return ExitStatus.readOnly
    }
    report.say(.info, "Nothing to do: this boot is past its first stage")
    return ExitStatus.success
  case .untouched(let reason):
    report.say(.error, "Did nothing: " + reason.text)
    return ExitStatus.failure
  case .staged where isRunning:
    report.say(.error, "Did nothing: the machine has booted, and its services would lose their root")
    return ExitStatus.failure
  case .staged where facts.hasBegun:
    report.say(.error, "Did nothing: overlay-prep.service has begun in this boot already, and did not finish")
    return ExitStatus.failure
  case .staged(let target, _):
    // Of the boot before a soft reboot.
    try? image.root.remove(Paths.status.asRelative)
    var preparation = Preparation(facts, of: image, bootingTo: target, isFirstProcess: false, report)
    preparation.begin()
    let outcome = preparation.makeWritable()
    preparation.publish(outcome)
    return preparation.bootOn(to: outcome.target) ? outcome.status : ExitStatus.failure
  }
}

/// Whether PID 1 has started more than stage 1: then overlay-prep.target was started by hand. A generator that is masked does not settle
/// such a machine.
private var isRunning: Bool {
  do throws(ServiceManager.Refusal) { return try ServiceManager().isActive("sysinit.target") } catch { return false }
}

/// A drop-in for all services can have put this one into a mount namespace of its own (PrivateTmp=yes in service.d/).
func joinInit(_ report: Report) throws(Errno) {
  do throws(Errno) {
    if try MountNamespace.isThatOfInit() { return }
    try MountNamespace.enterThatOfInit()
    report.say(.notice, "A drop-in gives overlay-prep.service its own mount namespace; joined PID 1's instead")
  } catch {
    report.say(.error, "Cannot join PID 1's mount namespace", error)
    throw error
  }
}

func help() -> Int32 {
  reply("""
    Usage: overlay-prep [--report | --reached | --settle | --fstab | --help]
    Make a read-only root writable and boot on. Run by overlay-prep.service.

      --report    send /run/preroot/events to the journal
      --reached   remove the count of boots that did not reach their target
      --settle    have systemd reload, without what held the units back
      --fstab     write /run/preroot/fstab: /etc/fstab without its line for /
      --help      print this

    See overlay-prep.service(8), preroot.conf(5); preroot plan prints what it does.

    """)
}

/// An answer that is lost is a failure.
func reply(_ text: Text) -> Int32 {
  do throws(Errno) {
    try StandardOutput.write(text)
    return ExitStatus.success
  } catch {
    StandardError.say("overlay-prep: cannot write to standard output", error)
    return ExitStatus.failure
  }
}

func usage(_ argument: Text) -> Int32 {
  StandardError.say(Text("overlay-prep: '") + argument + "' is not an option; see overlay-prep --help")
  return ExitStatus.usage
}
