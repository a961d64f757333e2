// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// A child process, which has to be waited for. See fork(2), execvp(3), waitpid(2).
struct Child {
  /// Also the ID of its process group, if it has an output of its own.
  let processID: Int32

  /// Takes a process that was forked already.
  init(processID: Int32) { self.processID = processID }

  /// How the process ended.
  enum End: Equatable, Sendable {
    case exited(Int)
    case killed(signal: Int)
  }

  /// - Parameters:
  ///   - program: a path, or a name to look up in the caller's $PATH.
  ///   - environment: empty for the caller's.
  ///   - root: the child's root directory; empty for the caller's.
  ///   - output: receives the child's output, and is closed here; nil for the caller's output.
  ///   - oomScoreAdjustment: see proc_pid_oom_score_adj(5); empty for the caller's.
  ///   - signals: the signals that the child must not ignore, bit N for signal N.
  init(
    _ program: Text, _ arguments: [Text], environment: [Text] = [], root: Text = "", output: consuming FileDescriptor? = nil, oomScoreAdjustment: Text = "", signals: UInt64
  ) throws(Errno) {
    let words = arguments.terminated, variables = environment.terminated
    let file = output?.rawValue ?? -1
    processID = try check(unsafe linux_spawn(
      program.cString, words.cString, words.count, variables.cString, variables.count, root.cString, file, oomScoreAdjustment.cString, signals))
  }

  /// Returns how the process ended; nil if it is still running.
  func end(waiting isWaiting: Bool) throws(Errno) -> End? {
    var status: Int32 = 0
    guard try check(unsafe linux_wait(processID, isWaiting ? 1 : 0, &status)) == 1 else { return nil }
    return status < LINUX_SIGNALLED ? .exited(Int(status)) : .killed(signal: Int(status - LINUX_SIGNALLED))
  }

  /// Kills the process and its children. A process in uninterruptible sleep does not die yet.
  func kill() { _ = linux_kill_group(processID) }
}

extension [Text] {
  /// Joins the texts with a NUL after each.
  fileprivate var terminated: Text {
    var all = Text.Builder()
    for text in self {
      all.append(text)
      all.append(0)
    }
    return Text(all)
  }
}
