import CLinux
import PrerootCore

/// For a person who runs a program by hand: PID 1 gives its children /dev/null.
public enum StandardError {
  public static func say(_ text: Text) { text.writeBestEffort(to: 2) }

  /// `TEXT: WHY`.
  @inline(never) public static func say(_ text: StaticString, _ errno: Errno) { say(Text(stringLiteral: text) + ": " + errno.text + "\n") }
}

/// Where a program's answer goes.
public enum StandardOutput {
  public static func say(_ text: Text) { text.writeBestEffort(to: 1) }
}

extension Text {
  @inline(never) fileprivate func writeBestEffort(to descriptor: Int32) {
    _ = unsafe bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return unsafe linux_write(descriptor, start, bytes.count)
    }
  }
}
