// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Another program that was started, and has to be waited for. See fork(2), execvp(3), waitpid(2).
struct Child {
  /// Also of its process group, where it has an output of its own.
  let processID: Int32

  /// How it ended.
  enum End: Equatable, Sendable {
    case exited(Int)
    case killed(signal: Int)
  }

  /// - Parameters:
  ///   - program: a path, or a name that is looked up in the caller's $PATH.
  ///   - environment: none for the caller's.
  ///   - root: its root directory; empty for the caller's.
  ///   - output: where what it says goes, closed here; nil for where the caller's goes.
  ///   - oomScoreAdjustment: see proc_pid_oom_score_adj(5); empty for the caller's.
  ///   - signals: those that it is not to ignore, bit N for signal N.
  init(
    _ program: Text, _ arguments: [Text], environment: [Text] = [], root: Text = "", output: consuming FileDescriptor? = nil, oomScoreAdjustment: Text = "", signals: UInt64
  ) throws(Errno) {
    let words = arguments.terminated, variables = environment.terminated
    let file = output?.rawValue ?? -1
    processID = try check(unsafe linux_spawn(
      program.cString, words.cString, words.count, variables.cString, variables.count, root.cString, file, oomScoreAdjustment.cString, signals))
  }

  /// Nil where it has not ended.
  func end(waiting isWaiting: Bool) throws(Errno) -> End? {
    var status: Int32 = 0
    guard try check(unsafe linux_wait(processID, isWaiting ? 1 : 0, &status)) == 1 else { return nil }
    return status < LINUX_SIGNALLED ? .exited(Int(status)) : .killed(signal: Int(status - LINUX_SIGNALLED))
  }

  /// It dies, and its children with it; not while it is in an uninterruptible sleep.
  func kill() { _ = linux_kill_group(processID) }
}

extension [Text] {
  /// The texts with a NUL after each.
  fileprivate var terminated: Text {
    var all = Text.Builder()
    for text in self {
      all.append(text)
      all.append(0)
    }
    return Text(all)
  }
}
