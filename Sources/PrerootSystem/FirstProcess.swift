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
    unsafe try with("/") { unsafe linux_chdir($0) }
    let child = try check(linux_fork())
    return child == 0 ? nil : FirstChild(Child(processID: child))
  }

  /// Executes the first of the programs that can be, with the arguments of this process.
  ///
  /// - Parameters:
  ///   - argument: one more, before them; empty for none.
  ///   - failed: is told of each that cannot be executed.
  public static func execute(
    _ programs: [Text], _ argument: StaticString, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>>, failed: (Text, Errno) -> Void
  ) {
    linux_reset_signals(0)
    for program in programs {
      do throws(Errno) {
        let argument = Text(stringLiteral: argument)
        unsafe try with(program, argument) { unsafe linux_execute($0, arguments, $1) }
      } catch { failed(program, error) }
    }
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
