// SPDX-License-Identifier: MIT
/// Whether the root is to be made writable, as far as anybody said. How is a matter of `Settings`, and of stage 1.
public struct Request: Equatable, Sendable {
  public var enable = Enable.auto
  /// Whether the kernel command line wants it, and not only the image: a container obeys nobody else.
  public var isFromCommandLine = false
  /// What was asked for last and cannot be read; nil where it can.
  public var unread: Text?
  public var remarks: [Remark]

  public init(_ assignments: Assignments) {
    remarks = assignments.remarks
    unread = assignments.unread
    for assignment in assignments.all where assignment.setting == .enable {
      if let word = Enable(assignment.value) {
        enable = word
        isFromCommandLine = assignment.isFromCommandLine && word != .no
      } else {
        unread = assignment.origin + "'" + assignment.value + "'"
        remarks.reject(assignment.origin, assignment.value, "is neither no, auto nor yes, ignoring")
      }
    }
  }
}
