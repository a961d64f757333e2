// SPDX-License-Identifier: MIT
/// A unit name that PID 1 accepts on its command line. See systemd.unit(5), unit_name_is_valid().
public struct UnitName: Equatable, Sendable {
  public var text: Text

  /// In bytes. See systemd: UNIT_NAME_MAX.
  static var limit: Int { 255 }

  /// Nil if systemd refuses it, too: a name that is too long, has no known suffix, is a template or has an invalid character.
  public init?(_ text: Text) {
    guard text.count <= Self.limit, let dot = text.lastPlace(of: UInt8(ascii: ".")), dot > 0 else { return nil }
    let suffix = text.dropFirst(dot + 1)
    guard suffix.isOne(of: "target service socket mount automount swap timer path slice scope device") else { return nil }
    for byte in text where !byte.isDigit && !byte.isLetter && !byte.isUnitPunctuation { return nil }
    if let at = text.place(of: UInt8(ascii: "@")), at == 0 || at == dot - 1 { return nil }
    self.text = text
  }
}

extension UInt8 {
  fileprivate var isUnitPunctuation: Bool {
    switch self {
    case UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "@"): true
    default: false
    }
  }
}
