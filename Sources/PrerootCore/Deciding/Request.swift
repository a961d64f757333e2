// SPDX-License-Identifier: MIT
/// Whether to make the root writable, according to the user. `Settings` and stage 1 decide how.
public struct Request: Equatable, Sendable {
  public var enable = Enable.auto
  /// Whether the kernel command line requests it, and not only the image: a container obeys only its command line.
  public var isFromCommandLine = false
  /// The last request that was not understood; nil if it was.
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
