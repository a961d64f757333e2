extension Text {
  /// `value` in decimal digits, with a sign where it is negative.
  public init(decimal value: Int) {
    self.init(digitsOf: value.magnitude, radix: 10)
    if value < 0 { bytes.insert(UInt8(ascii: "-"), at: 0) }
  }

  /// `value` in octal digits with a leading zero, as file modes are written.
  public init(octal value: UInt32) {
    self.init(digitsOf: UInt(value), radix: 8)
    bytes.insert(UInt8(ascii: "0"), at: 0)
  }

  private init(digitsOf value: UInt, radix: UInt) {
    self.init()
    var rest = value
    repeat {
      bytes.insert(UInt8(truncatingIfNeeded: rest % radix) &+ UInt8(ascii: "0"), at: 0)
      rest /= radix
    } while rest > 0
  }

  /// The number written in plain decimal digits; nil for anything else, an empty text and what does not fit included.
  public var decimalValue: Int? {
    guard !isEmpty else { return nil }
    var value = 0
    for byte in bytes {
      guard byte.isDigit else { return nil }
      let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowedToo) = tens.addingReportingOverflow(Int(byte &- UInt8(ascii: "0")))
      guard !overflowed, !overflowedToo else { return nil }
      value = sum
    }
    return value
  }
}

extension UInt8 {
  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  var isLetter: Bool { let lower = self | 0x20; return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") }
  var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0d) }
}
