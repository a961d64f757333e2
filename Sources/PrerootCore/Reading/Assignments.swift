// SPDX-License-Identifier: MIT
/// All assignments to settings, in the image and on the kernel command line. The last assignment to a setting wins.
public struct Assignments: Equatable, Sendable {
  public struct Assignment: Equatable, Sendable {
    public var setting: Setting
    public var value: Text
    /// For the log: `/etc/preroot.conf:3: Upper=`, `Kernel command line: preroot.upper=`.
    public var origin: Text
    public var isFromCommandLine: Bool
  }

  public var all: [Assignment] = []
  /// The last value of `preroot=` or `overlayroot=` if it is not understood; nil if it is, or if there is none.
  public var unread: Text?
  /// About anything that is not a setting.
  public var remarks: [Remark] = []

  public init() {}

  @inline(never) mutating func add(_ setting: Setting, _ value: Text, _ origin: Text, isFromCommandLine: Bool) {
    if setting == .enable { unread = nil }
    all.append(Assignment(setting: setting, value: value, origin: origin, isFromCommandLine: isFromCommandLine))
  }
}
