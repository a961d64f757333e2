// SPDX-License-Identifier: MIT
/// One log line about the user's settings or requests.
public struct Remark: Equatable, Sendable {
  /// See syslog(3). The raw values are the kernel log's.
  public enum Priority: Int, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
    case debug = 7
  }
  public var priority: Priority
  public var text: Text

  public init(_ priority: Priority, _ text: Text) {
    self.priority = priority
    self.text = text
  }
}

extension [Remark] {
  /// Appends a remark. Out of line, because every remark's text is long enough as it is.
  @inline(never) mutating func add(_ priority: Remark.Priority, _ text: Text) { append(Remark(priority, text)) }

  /// Adds `ORIGIN'VALUE' WHAT` as an error: preroot does not do what the user requested.
  @inline(never) mutating func reject(_ origin: Text, _ value: Text, _ what: Text) { add(.error, origin + "'" + value + "' " + what) }
}
