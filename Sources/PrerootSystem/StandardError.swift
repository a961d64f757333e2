// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Messages for a user at a terminal; PID 1 gives its children /dev/null.
public enum StandardError {
  /// Writes one line, escaped: a name may contain control sequences for a terminal.
  public static func say(_ line: Text) { write(line.escapedForTerminal + "\n") }

  /// Writes `TEXT: WHY`.
  @inline(never) public static func say(_ text: Text, _ errno: Errno) { write(text + ": " + errno.text + "\n") }

  /// Writes text unescaped: it has several lines, or moves the cursor.
  @inline(never) public static func write(_ text: Text) {
    _ = unsafe linux_write(2, text.pointer, text.count)
  }

  public static var isTerminal: Bool { linux_is_terminal(2) == 1 }
}

/// The destination of a program's answer.
public enum StandardOutput {
  /// Writes all of it. A lost answer is an error, for example on a full disk.
  public static func write(_ text: Text) throws(Errno) {
    var done = 0
    while done < text.count {
      done += try check(unsafe linux_write(1, text.pointer + done, text.count - done))
    }
  }

  public static var isTerminal: Bool { linux_is_terminal(1) == 1 }
}
