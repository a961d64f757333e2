// SPDX-License-Identifier: MIT
/// The unit that PID 1 boots to according to its command line: `systemd.unit=`, or one of the SysV words. See kernel-command-line(7),
/// systemd(1); the table of words is systemd's `rlmap`, unchanged from v247 to v262.
public struct BootUnit: Equatable, Sendable {
  public var name: Text

  /// The last valid word of either spelling wins.
  public init(on commandLine: KernelCommandLine) {
    name = "default.target"
    for word in commandLine.words {
      if let value = word.value {
        if word.key == "systemd.unit", let unit = UnitName(value) { name = unit.text }
      } else if word.key.isOne(of: Self.emergencyWords) {
        name = "emergency.target"
      } else if word.key.isOne(of: Self.rescueWords) {
        name = "rescue.target"
      } else if word.key.isOne(of: Self.multiUserWords) {
        name = "multi-user.target"
      } else if word.key == "5" {
        name = "graphical.target"
      }
    }
  }

  static var emergencyWords: Text { "emergency -b" }
  static var rescueWords: Text { "rescue single -s s S 1" }
  static var multiUserWords: Text { "2 3 4" }
}
