import CLinux
import PrerootCore

/// For a person who runs a program by hand: PID 1 gives its children /dev/null.
public enum StandardError {
  public static func say(_ text: Text) { text.writeBestEffort(to: 2) }

  public static var isTerminal: Bool { linux_is_terminal(2) == 1 }

  /// `TEXT: WHY`.
  @inline(never) public static func say(_ text: StaticString, _ errno: Errno) { say(Text(stringLiteral: text) + ": " + errno.text + "\n") }
}

/// Where a program's answer goes.
public enum StandardOutput {
  public static func say(_ text: Text) { text.writeBestEffort(to: 1) }

  /// For what must not be lost unnoticed, as on a disk that is full.
  public static func write(_ text: Text) throws(Errno) {
    var done = 0
    while done < text.count {
      let rest = done
      done += try check(unsafe text.bytes.withUnsafeBytes { unsafe linux_write(1, $0.baseAddress! + rest, $0.count - rest) })
    }
  }

  public static var isTerminal: Bool { linux_is_terminal(1) == 1 }
}

extension Text {
  @inline(never) fileprivate func writeBestEffort(to descriptor: Int32) {
    _ = unsafe bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return unsafe linux_write(descriptor, start, bytes.count)
    }
  }
}
