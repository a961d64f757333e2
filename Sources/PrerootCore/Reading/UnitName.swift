/// The name of a unit that PID 1 would take from its command line. See systemd.unit(5), unit_name_is_valid().
public struct UnitName: Equatable, Sendable {
  public var text: Text

  /// Nil where systemd would refuse it too: too long, no known suffix, a template, or a letter that no unit name has.
  public init?(_ text: Text) {
    guard text.count < 256, let dot = text.bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
    let suffix = Text(text.bytes[(dot + 1)...])
    guard Self.suffixes.contains(suffix) else { return nil }
    for byte in text.bytes[..<dot] {
      guard byte.isDigit || byte.isLetter || Self.punctuation.bytes.contains(byte) else { return nil }
    }
    guard text.bytes[0] != UInt8(ascii: "@"), text.bytes[dot - 1] != UInt8(ascii: "@") else { return nil }
    self.text = text
  }

  public var isTarget: Bool { text.hasSuffix(".target") }

  private static var suffixes: [Text] {
    ["target", "service", "socket", "mount", "automount", "swap", "timer", "path", "slice", "scope", "device"]
  }
  private static var punctuation: Text { ":-_.\\@" }
}
