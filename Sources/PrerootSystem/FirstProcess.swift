// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// PID 1 before it is systemd. What may go wrong is done in a child, as the kernel panics where PID 1 ends.
public enum FirstProcess {
  public static var isThis: Bool { linux_getpid() == 1 }

  /// Becomes two processes. A pivot_root(2) of the child moves the root of both.
  ///
  /// - Returns: nil in the child.
  public static func fork() throws(Errno) -> FirstChild? {
    linux_reset_signals(1)
    try check(unsafe linux_chdir("/"))
    let child = try check(linux_fork())
    return child == 0 ? nil : FirstChild(Child(processID: child))
  }

  /// Becomes the program, with the arguments of this process.
  ///
  /// - Parameter argument: one more, before them; empty for none.
  /// - Returns: why it cannot be executed.
  public static func execute(_ program: Text, _ argument: Text, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) -> Errno {
    linux_reset_signals(0)
    return unsafe Errno(rawValue: -linux_execute(program.cString, arguments, argument.cString))
  }
}

/// The child of the first process.
public struct FirstChild {
  private let child: Child

  fileprivate init(_ child: Child) { self.child = child }

  /// Its exit status; nil where it was killed, by whomever. Whatever it does, the wait ends.
  public func status(limitMicroseconds: Int64) -> Int? {
    let kernel = LinuxKernel()
    var end = kernel.microseconds + limitMicroseconds, isKilled = false
    while true {
      do throws(Errno) {
        switch try child.end(waiting: false) {
        case .exited(let status): return isKilled ? nil : status
        case .killed: return nil
        case nil: break
        }
      } catch { return nil }
      let rest = end - kernel.microseconds
      if rest > 0 {
        linux_wait_for_child_signal(rest)
      } else if isKilled {
        // It sleeps in the kernel, and is left behind.
        return nil
      } else {
        FirstChild.killAll()
        isKilled = true
        end = kernel.microseconds + 1_000_000
      }
    }
  }

  /// The child, and what it has started. There is nobody else yet.
  public static func killAll() { Child(processID: 1).kill() }
}
