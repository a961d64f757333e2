// SPDX-License-Identifier: MIT
import PrerootCore

extension Text {
  /// The bytes of a text that is no literal.
  public init(utf8 string: String) { self.init(Array(string.utf8)) }

  /// What a failed expectation shows, and what is easy to compare with.
  public var string: String { String(decoding: bytes, as: UTF8.self) }
}

extension [Text] {
  /// Each as a string.
  public var strings: [String] { map(\.string) }
}

extension [Remark] {
  /// `error: …`, one each.
  public var strings: [String] { map { "\($0.priority): \($0.text.string)" } }
}

// Otherwise a failed expectation would show bytes.
extension Text: CustomStringConvertible, CustomDebugStringConvertible {
  public var description: String { string }
  public var debugDescription: String { "\"\(string)\"" }
}
extension Step: CustomStringConvertible {
  public var description: String { text.string }
}
