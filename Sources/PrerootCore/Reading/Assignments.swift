// SPDX-License-Identifier: MIT
/// Every setting that the image and the kernel command line give a value. Of one setting the last value counts.
public struct Assignments: Equatable, Sendable {
  public struct Assignment: Equatable, Sendable {
    public var setting: Setting
    public var value: Text
    /// For the log: `/etc/preroot.conf:3: Upper=`, `Kernel command line: preroot.upper=`.
    public var origin: Text
    public var isFromCommandLine: Bool
  }

  public var all: [Assignment] = []
  /// What `preroot=` or `overlayroot=` was last given and does not say whether; nil where it did, or was not given.
  public var unread: Text?
  /// On what is no setting at all.
  public var remarks: [Remark] = []

  public init() {}

  @inline(never) mutating func add(_ setting: Setting, _ value: Text, _ origin: Text, isFromCommandLine: Bool) {
    if setting == .enable { unread = nil }
    all.append(Assignment(setting: setting, value: value, origin: origin, isFromCommandLine: isFromCommandLine))
  }
}
