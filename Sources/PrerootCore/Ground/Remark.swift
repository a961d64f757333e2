// SPDX-License-Identifier: MIT
/// One line for the log about something the user wrote or asked for.
public struct Remark: Equatable, Sendable {
  /// See syslog(3). The raw values are those of the kernel's log.
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
  /// Appends, out of line, as every remark's text is long enough.
  @inline(never) mutating func add(_ priority: Remark.Priority, _ text: Text) { append(Remark(priority, text)) }

  /// `ORIGIN'VALUE' WHAT`, an error: something was asked for that is not done.
  @inline(never) mutating func reject(_ origin: Text, _ value: Text, _ what: Text) { add(.error, origin + "'" + value + "' " + what) }
}
