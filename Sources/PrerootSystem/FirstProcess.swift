// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// PID 1 before it executes systemd. A child does everything that may fail, because the kernel panics if PID 1 exits.
public enum FirstProcess {
  public static var isThis: Bool { linux_getpid() == 1 }

  /// Forks. A pivot_root(2) in the child changes the root of both processes.
  ///
  /// - Returns: nil in the child.
  public static func fork() throws(Errno) -> FirstChild? {
    linux_reset_signals(1)
    try check(unsafe linux_chdir("/"))
    let child = try check(linux_fork())
    return child == 0 ? nil : FirstChild(Child(processID: child))
  }

  /// Executes the program with the arguments of this process.
  ///
  /// - Parameter argument: an additional argument before them; empty for none.
  /// - Returns: why the program cannot be executed.
  public static func execute(_ program: Text, _ argument: Text, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>) -> Errno {
    linux_reset_signals(0)
    return unsafe Errno(rawValue: -linux_execute(program.cString, arguments, argument.cString))
  }
}

/// The child of the first process.
public struct FirstChild {
  private let child: Child

  fileprivate init(_ child: Child) { self.child = child }

  /// Waits, with a limit, and returns the exit status; nil if the child was killed, by this process or another.
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
        // The child sleeps in the kernel. Leave it behind.
        return nil
      } else {
        FirstChild.killAll()
        isKilled = true
        end = kernel.microseconds + 1_000_000
      }
    }
  }

  /// Kills the child and the programs that it has started. There are no other processes yet.
  public static func killAll() { Child(processID: 1).kill() }
}
