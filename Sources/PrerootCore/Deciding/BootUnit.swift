/// The unit that PID 1 boots to, as it finds it on its command line: `systemd.unit=`, or one of the words of old.
/// See kernel-command-line(7), systemd(1); the table of words is systemd's `rlmap`, the same from v247 to v262.
public struct BootUnit: Equatable, Sendable {
  public var name: Text

  public static var standard: BootUnit { BootUnit(name: "default.target") }

  private init(name: Text) { self.name = name }

  /// Of both spellings the last valid one counts.
  public init(on commandLine: KernelCommandLine) {
    self = .standard
    for word in commandLine.words {
      if let value = word.value {
        if word.key == "systemd.unit", let unit = UnitName(value) { name = unit.text }
      } else if let target = Self.target(forWord: word.key) {
        name = target
      }
    }
  }

  public var isTarget: Bool { name.hasSuffix(".target") }

  private static func target(forWord word: Text) -> Text? {
    switch word {
    case "emergency", "-b": "emergency.target"
    case "rescue", "single", "-s", "s", "S", "1": "rescue.target"
    case "2", "3", "4": "multi-user.target"
    case "5": "graphical.target"
    default: nil
    }
  }
}
