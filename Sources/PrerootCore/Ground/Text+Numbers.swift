// SPDX-License-Identifier: MIT
extension Text {
  public init(decimal value: Int) { self.init(decimal: Int64(value)) }

  /// Writes `value` in decimal digits, with a sign if it is negative.
  @inline(never) public init(decimal value: Int64) {
    var digits = Builder()
    if value < 0 { digits.append(UInt8(ascii: "-")) }
    var power: UInt64 = 1
    while value.magnitude / power >= 10 { power *= 10 }
    while power > 0 {
      digits.append(UInt8(truncatingIfNeeded: value.magnitude / power % 10) &+ UInt8(ascii: "0"))
      power /= 10
    }
    self.init(digits)
  }

  /// Writes two digits.
  @inline(never) init(hexadecimal byte: UInt8) {
    let digits: Text = "0123456789abcdef"
    self = Text(digits[Int(byte >> 4)]) + Text(digits[Int(byte & 15)])
  }

  public var leadingDigits: Text {
    for place in indices where !self[place].isDigit { return self[0..<place] }
    return self
  }

  /// The value of plain decimal digits; nil for anything else, including an empty text and a number that does not fit.
  @inline(never) public var decimalValue: Int? {
    guard let value = wideDecimalValue, value <= UInt64(Int.max) else { return nil }
    return Int(truncatingIfNeeded: value)
  }

  /// The same in 64 bits: an Int has 32 bits on some machines and cannot hold every number of bytes.
  public var wideDecimalValue: UInt64? {
    guard !isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in self {
      guard byte.isDigit else { return nil }
      // One more digit fits below this limit.
      guard value <= (UInt64.max - 9) / 10 else { return nil }
      value = value * 10 + UInt64(byte &- UInt8(ascii: "0"))
    }
    return value
  }
}

extension UInt8 {
  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  var isLetter: Bool { let lower = self | 0x20; return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") }
  var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0d) }
  /// A to Z in lower case.
  var lowercased: UInt8 { isLetter ? self | 0x20 : self }
  /// A dash turned into an underscore.
  var withoutDash: UInt8 { self == UInt8(ascii: "-") ? UInt8(ascii: "_") : self }

  var hexadecimalDigit: UInt8? {
    if isDigit { return self - UInt8(ascii: "0") }
    let letter = self | 0x20
    return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "f") ? letter - UInt8(ascii: "a") + 10 : nil
  }
}
