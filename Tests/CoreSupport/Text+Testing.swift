// SPDX-License-Identifier: MIT
import PrerootCore

extension Text {
  /// The bytes of a string that is not a literal.
  public init(utf8 string: String) { self.init(Array(string.utf8)) }

  /// The form that a failed expectation shows and that tests compare.
  public var string: String { String(decoding: Array(self), as: UTF8.self) }
}

extension [Text] {
  /// The texts as strings.
  public var strings: [String] { map(\.string) }
}

extension [Remark] {
  /// One `error: …` or the like for each remark.
  public var strings: [String] { map { "\($0.priority): \($0.text.string)" } }
}

// Without these a failed expectation would show bytes.
extension Text: CustomStringConvertible, CustomDebugStringConvertible {
  public var description: String { string }
  public var debugDescription: String { "\"\(string)\"" }
}
extension Step: CustomStringConvertible {
  public var description: String { text.string }
}
