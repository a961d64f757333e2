// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

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
  /// The parts of what was asked for that are lost alone, a sentence for each.
  var lost: [Text] = []

  var mode: Text { upper == nil ? "read-only" : "overlay" }
}

extension Preparation {
  /// Says how it went: in the log, in /run, and to whoever logs in.
  func publish(_ outcome: Outcome) {
    let remark = remark(on: outcome)
    report.say(remark, event(of: outcome, remark))
    do throws(Errno) {
      // The root may be another one by now.
      let machine = try Machine(at: "/")
      // For the generator, which would stage this boot again. All was taken back: the root is the one it was.
      if outcome.upper == nil { machine.keep(Paths.failed, (facts.mountInfo.root?.majorMinor ?? Text()) + "\n", report) }
      machine.keep(Paths.state, state(of: outcome).text, report)
      if remark.priority == .error { machine.sayAtLogin(remark.text.escapedForTerminal + "\nSee: journalctl -u overlay-prep.service\n", report) }
    } catch {
      report.say(.error, "Cannot open /", error)
    }
  }

  private func remark(on outcome: Outcome) -> Remark {
    let scope = settings.scope.text
    if outcome.failure == nil, !outcome.lost.isEmpty {
      return Remark(.error, scope + " is partly writable, upper: " + (outcome.upper?.text ?? Text()) + "; " + Text(joining: outcome.lost, separator: "; "))
    }
    guard let failure = outcome.failure else { return Remark(.notice, scope + " is writable, upper: " + (outcome.upper?.text ?? Text())) }
    let result: Text = outcome.upper == nil ? " stays read-only: " : " is writable on a tmpfs only, so changes are lost at power-off: "
    return Remark(.error, scope + result + failure)
  }

  private func event(of outcome: Outcome, _ remark: Remark) -> Event {
    let now = kernel.microseconds
    let message: Event.Message = outcome.upper == nil ? .readOnly : outcome.failure == nil ? .writable : .fallback
    var event = Event(message, remark, atMicroseconds: now)
    event.add("PREROOT_MODE", outcome.mode)
    event.add("PREROOT_UPPER", outcome.upper?.text ?? Text())
    event.add("PREROOT_UPPER_ASKED", settings.upper.text)
    event.add("PREROOT_SCOPE", settings.scope.text)
    event.add("PREROOT_TARGET", outcome.target)
    if let root = facts.mountInfo.root { event.add("PREROOT_LOWER", root.fileSystemType + " " + root.mountSource) }
    event.add("PREROOT_USEC", Text(decimal: now - startedAtMicroseconds))
    return event
  }

  private func state(of outcome: Outcome) -> State {
    var state = State()
    state.add("mode", outcome.mode)
    state.add("asked", settings.upper.text)
    state.add("upper", outcome.upper?.text ?? Text())
    state.add("why", outcome.failure ?? Text())
    state.add("lost", list: outcome.lost)
    state.add("scope", settings.scope.text)
    state.add("target", outcome.target)
    if let root = facts.mountInfo.root { state.add("lower", root.fileSystemType + " " + root.mountSource) }
    return state
  }
}

extension Machine {
  /// Has a line shown to whoever logs in. See pam_motd(8).
  fileprivate borrowing func sayAtLogin(_ text: Text, _ report: Report) {
    do throws(Errno) {
      try root.makeDirectory("run/motd.d")
      try root.replace("run/motd.d/preroot", contents: text)
    } catch {
      report.say(.warning, "Cannot write to /run/motd.d", error)
    }
  }

  /// Makes a link in /run/preroot, which is the path's directory.
  borrowing func link(_ path: Text, to target: Text, _ report: Report) {
    leave(report) { root throws(Errno) in try root.replaceLink(path.asRelative, to: target) }
  }

  /// Keeps a file in /run/preroot, which is the path's directory.
  @inline(never) borrowing func keep(_ path: Text, _ contents: Text, _ report: Report) {
    leave(report) { root throws(Errno) in try root.replace(path.asRelative, contents: contents) }
  }

  /// The boot goes on without what cannot be left there.
  @inline(never) private borrowing func leave(_ report: Report, _ write: (borrowing Directory) throws(Errno) -> Void) {
    do throws(Errno) {
      try root.makeDirectory("run/preroot")
      try write(root)
    } catch {
      report.say(.error, "Cannot write to /run/preroot", error)
    }
  }
}
