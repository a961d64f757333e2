// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootManager
import PrerootSystem

// overlay-prep: overlay-prep.service runs it in stage 1, when nothing else runs. It makes the root writable and continues the boot: the units
// that wait for it start, or it makes PID 1 reload and isolates the target. Or the kernel runs it as PID 1, before systemd.
// If anything fails, the boot continues, in the worst case read-only, and the service fails to report that.
// See overlay-prep.service(8).

@_cdecl("overlay_prep_main")
func main(argumentCount: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) -> Int32 {
  var words: [Text] = []
  for place in 1..<max(Int(argumentCount), 1) { words.append(unsafe Text(cString: arguments[place])) }
  let invocation = Invocation(words, isFirstProcess: FirstProcess.isThis)
  if invocation == .firstProcess { return unsafe boot(arguments) }
  return run(invocation).rawValue
}

private func run(_ invocation: Invocation) -> ExitStatus {
  switch invocation {
  case .firstProcess, .prepare: prepare()
  case .settle: settle()
  case .fstab: copyFileSystemTable()
  case .help: help()
  case .unknown(let argument): usage(argument)
  }
}

/// A test compares overlay-prep.service(8) with these.
enum ExitStatus: Int32, CaseIterable {
  /// Success, or nothing to do.
  case success = 0
  /// The decision failed, or PID 1 is unreachable; preroot-fallback.service takes over.
  case failure = 1
  case usage = 2
  /// The boot continues with the root unchanged.
  case readOnly = 3
  /// The requested upper is unavailable; a tmpfs replaces it.
  case fallback = 4
  /// A part of the request is lost, such as a directory of Bind=; the rest is as requested.
  case partly = 5
}

func prepare() -> ExitStatus {
  do throws(Errno) {
    let report = Report(on: try Machine(at: "/"))
    try joinInit(report)
    // In a different namespace, `/` is a different directory.
    return prepare(try Machine(at: "/"), report)
  } catch {
    StandardError.say("overlay-prep", error)
    return .failure
  }
}

func prepare(_ image: consuming Machine, _ report: Report) -> ExitStatus {
  let facts = BootFacts(of: image)
  switch BootMode(for: facts) {
  case .settled:
    // If PID 1 was overlay-prep, this unit reports its exit status.
    if let status = image.contents(Paths.status)?.trimmed.decimalValue { return ExitStatus(rawValue: Int32(truncatingIfNeeded: status)) ?? .failure }
    // A second start must not hide the failure of the first.
    if facts.failed != nil, facts.mountInfo.overlays.isEmpty {
      report.say(.error, "Did nothing: this boot has already tried")
      return .readOnly
    }
    report.say(.info, "Nothing to do: this boot is past its first stage")
    return .success
  case .untouched(let reason):
    report.say(.error, "Did nothing: " + reason.text)
    return .failure
  case .staged where isRunning(image):
    report.say(.error, "Did nothing: the machine has booted, and its services would lose their root")
    return .failure
  case .staged where facts.hasBegun:
    report.say(.error, "Did nothing: overlay-prep.service began earlier in this boot and did not finish")
    return .failure
  case .staged(let target, _):
    // From the boot before a soft reboot.
    for path in [Paths.status, Paths.reported] { try? image.root.remove(path.asRelative) }
    var preparation = Preparation(facts, of: image, bootingTo: target, isFirstProcess: false, report)
    preparation.begin()
    let outcome = preparation.makeWritable()
    preparation.publish(outcome)
    return preparation.bootOn(to: outcome.target) ? outcome.status : .failure
  }
}

/// Whether PID 1 has started more than stage 1: then someone has started overlay-prep.target manually. Nothing settles such a boot if the
/// generator is masked. If no other program runs, none can lose its root, and the question would cost more than all the rest.
private func isRunning(_ image: borrowing Machine) -> Bool {
  if image.hasNoOtherProgram { return false }
  do throws(ServiceManager.Refusal) { return try ServiceManager().isActive("sysinit.target") } catch { return false }
}

/// Joins PID 1's mount namespace. A drop-in for all services may give this one a private namespace (PrivateTmp=yes in service.d/).
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

func help() -> ExitStatus {
  reply("""
    Usage: overlay-prep [--settle | --fstab | --help]
    Make a read-only root writable and continue the boot.

      --settle   finish a boot: send the first stage's events to the journal, reset
                 the count of failed boots, reload systemd if units were held back
      --fstab    write /run/preroot/fstab: /etc/fstab without its line for /
      --help     print this

    See overlay-prep.service(8), preroot.conf(5); preroot plan prints what it does.

    """)
}

/// Writes the answer. A lost answer is a failure.
func reply(_ text: Text) -> ExitStatus {
  do throws(Errno) {
    try StandardOutput.write(text)
    return .success
  } catch {
    StandardError.say("overlay-prep: cannot write to standard output", error)
    return .failure
  }
}

func usage(_ argument: Text) -> ExitStatus {
  StandardError.say(Text("overlay-prep: '") + argument + "' is not an option; see overlay-prep --help")
  return .usage
}
