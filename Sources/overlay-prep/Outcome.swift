// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// The outcome of making the root writable.
struct Outcome {
  /// The exit status for this outcome.
  var status = ExitStatus.success
  /// The target of the boot.
  var target: Text
  /// The upper of the overlay; nil if there is no overlay.
  var upper: Upper?
  /// Why the request was not fulfilled; nil if it was.
  var failure: Text?
  /// The parts of the request that are lost although the rest succeeded, one sentence each.
  var lost: [Text] = []

  var mode: Text { upper == nil ? "read-only" : "overlay" }
}

extension Preparation {
  /// Reports the outcome in the log, in /run and to users who log in.
  func publish(_ outcome: Outcome) {
    let remark = remark(on: outcome)
    report.say(remark, event(of: outcome, remark))
    do throws(Errno) {
      // The root may have changed.
      let machine = try Machine(at: "/")
      // Keeps the generator from staging this boot again. All steps were undone, so the root is the same as before.
      if outcome.upper == nil { machine.keep(Paths.failed, (facts.mountInfo.root?.majorMinor ?? Text()) + "\n", report) }
      machine.keep(Paths.state, state(of: outcome).text, report)
      if remark.priority == .error { machine.sayAtLogin(remark.text.escapedForTerminal + "\nSee: journalctl -u overlay-prep.service\n", report) }
    } catch {
      report.say(.error, "Cannot open /", error)
    }
  }

  private func remark(on outcome: Outcome) -> Remark {
    let scope = settings.scope.text
    let until = commitDirectory == nil ? Text() : Settings.untilCommit
    if outcome.failure == nil, !outcome.lost.isEmpty {
      return Remark(.error, scope + " is partly writable, upper: " + settings.upperText + until + "; " + Text(joining: outcome.lost, separator: "; "))
    }
    guard let failure = outcome.failure else { return Remark(.notice, scope + " is writable, upper: " + settings.upperText + until) }
    let result: Text = outcome.upper == nil ? " stays read-only: " : " is writable on a tmpfs only, so changes are lost at power-off: "
    return Remark(.error, scope + result + failure)
  }

  func event(of outcome: Outcome, _ remark: Remark) -> Event {
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

  func state(of outcome: Outcome) -> State {
    var state = State()
    state.add("mode", outcome.mode)
    state.add("asked", settings.upper.text)
    state.add("upper", outcome.upper?.text ?? Text())
    state.add("crypt", outcome.upper?.isPersistent == true ? settings.crypt.text : Text())
    if let commitDirectory, outcome.failure == nil {
      state.add("layers", commitDirectory)
      state.add("image", imageIdentity ?? Text())
    }
    state.add("why", outcome.failure ?? Text())
    state.add("lost", list: outcome.lost)
    state.add("scope", settings.scope.text)
    state.add("target", outcome.target)
    if let root = facts.mountInfo.root { state.add("lower", root.fileSystemType + " " + root.mountSource) }
    return state
  }
}

extension Machine {
  /// Shows a line to users who log in. See pam_motd(8).
  fileprivate borrowing func sayAtLogin(_ text: Text, _ report: Report) {
    do throws(Errno) {
      try root.makeDirectory("run/motd.d")
      try root.replace("run/motd.d/preroot", contents: text)
    } catch {
      report.say(.warning, "Cannot write to /run/motd.d", error)
    }
  }

  /// Makes a link; `path` is in /run/preroot.
  borrowing func link(_ path: Text, to target: Text, _ report: Report) {
    leave(report) { root throws(Errno) in try root.replaceLink(path.asRelative, to: target) }
  }

  /// Writes a file; `path` is in /run/preroot.
  @inline(never) borrowing func keep(_ path: Text, _ contents: Text, _ report: Report) {
    leave(report) { root throws(Errno) in try root.replace(path.asRelative, contents: contents) }
  }

  /// Writes to /run/preroot. Reports a failure, which does not stop the boot.
  @inline(never) private borrowing func leave(_ report: Report, _ write: (borrowing Directory) throws(Errno) -> Void) {
    do throws(Errno) {
      try root.makeDirectory("run/preroot")
      try write(root)
    } catch {
      report.say(.error, "Cannot write to /run/preroot", error)
    }
  }
}
