// SPDX-License-Identifier: MIT
/// A short name for some content: FNV-1a with 64 bits, enough to tell apart the few things of a cache.
struct Fingerprint: CustomStringConvertible, Sendable {
  private var value: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ texts: String...) {
    for text in texts { add(text) }
  }

  /// Takes a text in, told apart from its neighbours.
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
