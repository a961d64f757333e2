/// When the root is made writable.
public enum Enable: Equatable, Sendable {
  /// Never: the boot that the image has without preroot.
  case no
  /// Where the root file system cannot be written.
  case auto
  /// Always, also over a root that could be written.
  case yes

  /// Reads systemd's booleans and the words that users of overlayroot and dracut type; nil for any other.
  public init?(_ word: Text) {
    switch word {
    case "no", "0", "off", "false", "n", "f", "disabled": self = .no
    case "yes", "1", "on", "true", "y", "t", "enabled": self = .yes
    case "auto": self = .auto
    default: return nil
    }
  }

  public var text: Text {
    switch self {
    case .no: "no"
    case .auto: "auto"
    case .yes: "yes"
    }
  }
}

/// So that a `switch` over texts reads as one; `~=` for `Equatable` would do, were literals not ambiguous to it.
func ~= (pattern: StaticString, value: Text) -> Bool { Text(stringLiteral: pattern) == value }
