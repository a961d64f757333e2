// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Another program that was started, and has to be waited for. See fork(2), execvp(3), waitpid(2).
struct Child {
  /// Also of its process group, where it has an output of its own.
  let processID: Int32

  init(processID: Int32) { self.processID = processID }

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
    let arguments = arguments.terminated, environment = environment.terminated, score = oomScoreAdjustment.terminated
    let file = output?.rawValue ?? -1
    processID = unsafe try with(program, root) { program, root in
      unsafe arguments.withCString { words in
        unsafe environment.withCString { variables in
          unsafe score.withCString {
            // The last NUL is one more than the list has.
            unsafe linux_spawn(program, words, arguments.count - 1, variables, environment.count - 1, root, file, $0, signals)
          }
        }
      }
    }
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
  /// The texts with a NUL after each, and one after the last of these.
  fileprivate var terminated: [UInt8] {
    var bytes: [UInt8] = []
    for text in self { bytes.append(contentsOf: text.terminated) }
    bytes.append(0)
    return bytes
  }
}
