// SPDX-License-Identifier: MIT
/// The unit that PID 1 boots to, as it finds it on its command line: `systemd.unit=`, or one of the words of old.
/// See kernel-command-line(7), systemd(1); the table of words is systemd's `rlmap`, the same from v247 to v262.
public struct BootUnit: Equatable, Sendable {
  public var name: Text

  /// Of both spellings the last valid one counts.
  public init(on commandLine: KernelCommandLine) {
    name = "default.target"
    for word in commandLine.words {
      if let value = word.value {
        if word.key == "systemd.unit", let unit = UnitName(value) { name = unit.text }
      } else if word.key.isOne(of: "emergency -b") {
        name = "emergency.target"
      } else if word.key.isOne(of: "rescue single -s s S 1") {
        name = "rescue.target"
      } else if word.key.isOne(of: "2 3 4") {
        name = "multi-user.target"
      } else if word.key == "5" {
        name = "graphical.target"
      }
    }
  }
}
