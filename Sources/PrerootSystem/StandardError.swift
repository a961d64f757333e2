// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// For a person who runs a program by hand: PID 1 gives its children /dev/null.
public enum StandardError {
  /// One line, whatever is in it: a name may have been made to play tricks on a terminal.
  public static func say(_ line: Text) { write(line.escapedForTerminal + "\n") }

  /// `TEXT: WHY`.
  @inline(never) public static func say(_ text: Text, _ errno: Errno) { write(text + ": " + errno.text + "\n") }

  /// As it is: for what has lines of its own, or moves a cursor.
  @inline(never) public static func write(_ text: Text) {
    _ = unsafe linux_write(2, text.pointer, text.count)
  }

  public static var isTerminal: Bool { linux_is_terminal(2) == 1 }
}

/// Where a program's answer goes.
public enum StandardOutput {
  /// All of it: an answer that is lost must not go unnoticed, as on a disk that is full.
  public static func write(_ text: Text) throws(Errno) {
    var done = 0
    while done < text.count {
      done += try check(unsafe linux_write(1, text.pointer + done, text.count - done))
    }
  }

  public static var isTerminal: Bool { linux_is_terminal(1) == 1 }
}
