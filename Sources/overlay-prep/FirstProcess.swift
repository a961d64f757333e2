// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Boots by `init=`: makes the root writable before systemd runs, then executes systemd. PID 1 itself only waits for its child, because
/// systemd has to run whatever happens to the child.
///
/// - Returns: in the child, or if no program can be executed.
func boot(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) -> Int32 {
  var succession: Succession?
  do throws(Errno) {
    guard let child = try FirstProcess.fork() else { return Int32(truncatingIfNeeded: prepareAsChild().rawValue) }
    succession = child.status(limitMicroseconds: TimeLimit.helper.microseconds).flatMap { Succession(rawValue: $0) }
    if succession == nil { FirstChild.killAll() }
  } catch {}
  if succession == nil { leaveRootAlone() }
  for program in unsafe Succession.programs(besides: Text(cString: arguments[0])) {
    let errno = unsafe FirstProcess.execute(program, (succession ?? .systemd).argument, arguments)
    say(Text("Cannot execute ") + program + ": " + errno.text)
  }
  return ExitStatus.failure.rawValue
}

private func prepareAsChild() -> Succession {
  mountBase()
  do throws(Errno) {
    let image = try Machine(at: "/")
    let report = Report(on: image)
    let facts = BootFacts(of: image, isFirstProcess: true)
    let mode = BootMode(for: facts)
    // Log these now: for the generator this boot is settled, so it logs nothing.
    for remark in mode.remarks(on: facts, by: "overlay-prep") { report.sayOnce(remark) }
    guard case .staged(let target, _) = mode else { return .systemd }
    var preparation = Preparation(facts, of: image, bootingTo: target, isFirstProcess: true, report)
    let outcome = preparation.makeWritable()
    preparation.publish(outcome)
    preparation.leaveToSystemd(outcome)
    return Succession(to: outcome.target)
  } catch {
    return .systemd
  }
}

/// Mounts the API file systems. Ignores failures, which the following steps notice.
private func mountBase() {
  var kernel = LinuxKernel()
  // Mount /proc first; it tells which others are missing.
  for _ in 1...2 {
    do throws(Errno) {
      for step in BasePlan(over: try Machine(at: "/").mounts()).steps { try? kernel.perform(step) }
    } catch { continue }
  }
}

extension Preparation {
  /// Leaves the files that the second stage reads.
  fileprivate func leaveToSystemd(_ outcome: Outcome) {
    report.say(.info, Text("Continuing to ") + outcome.target)
    do throws(Errno) {
      let machine = try Machine(at: "/")
      if outcome.status != .success { machine.keep(Paths.status, outcome.status.text, report) }
      leaveToSecondStage(on: machine, machine.mounts())
    } catch {
      report.say(.error, "Cannot open /", error)
    }
  }
}

extension ExitStatus {
  /// As a line of a file.
  fileprivate var text: Text { Text(decimal: Int(rawValue)) + "\n" }
}

/// Prevents another attempt in this boot, as preroot-fallback.service does: the child died at an unknown step.
private func leaveRootAlone() {
  do throws(Errno) {
    let machine = try Machine(at: "/")
    let report = Report(on: machine)
    report.say(.error, "overlay-prep did not finish; continuing with the root as it is")
    machine.keep(Paths.ready, Text(), report)
    machine.keep(Paths.status, ExitStatus.failure.text, report)
    machine.keep(Paths.events, report.events, report)
  } catch {}
}

private func say(_ text: Text) {
  do throws(Errno) { KernelLog(of: try Machine(at: "/"), ident: "preroot").say(.error, text) } catch {}
}
