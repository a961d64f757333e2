import CLinux
import PrerootCore

/// Another program, run to its end. See execve(2).
public enum Program {
  /// How it ended, and the last line that it said, for the log.
  public struct Outcome: Equatable, Sendable {
    public enum End: Equatable, Sendable {
      case exited(Int)
      case killed(signal: Int)
      case timedOut
    }
    public var end: End
    public var lastLine: Text

    public var isSuccess: Bool { end == .exited(0) }
  }

  /// Runs the program named by the first argument, which is looked up in /usr/sbin, /usr/bin, /sbin and /bin, in the C locale; it
  /// and its children are killed at the limit.
  ///
  /// - Throws: ENOENT where there is no such program. One that is there and cannot be executed exits with 127.
  public static func run(_ arguments: [Text], limitMicroseconds: Int64) throws(Errno) -> Outcome {
    // A NUL after each.
    var words = Text()
    for argument in arguments { words.append(Text(argument.terminated)) }
    var tail = [UInt8](repeating: 0, count: 1024)
    var used = 0
    let result = try check(unsafe words.bytes.withUnsafeBytes { words in
      unsafe tail.withUnsafeMutableBytes {
        unsafe linux_run(
          words.baseAddress!.assumingMemoryBound(to: CChar.self), words.count, limitMicroseconds,
          $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count, &used)
      }
    })
    let end: Outcome.End =
      if result < LINUX_RUN_SIGNAL { .exited(Int(result)) }
      else if result < LINUX_RUN_TIMEOUT { .killed(signal: Int(result - LINUX_RUN_SIGNAL)) }
      else { .timedOut }
    return Outcome(end: end, lastLine: Text(tail[..<used]).lines.last?.trimmed ?? Text())
  }
}
