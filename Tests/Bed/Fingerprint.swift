// SPDX-License-Identifier: MIT
/// A short name for some content: 64-bit FNV-1a, which suffices for the few entries of a cache.
struct Fingerprint: CustomStringConvertible, Sendable {
  private var value: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ texts: String...) {
    for text in texts { add(text) }
  }

  /// Adds a text and a separator.
  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte) }
    add(0xff)
  }

  private mutating func add(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
