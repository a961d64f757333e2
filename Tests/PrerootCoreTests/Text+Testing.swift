// SPDX-License-Identifier: MIT
import PrerootCore
import Testing

extension Text {
  /// The bytes of a string that is not a literal.
  init(utf8 string: String) { self.init(Array(string.utf8)) }

  /// The form that a failed expectation shows and that tests compare.
  var string: String { String(decoding: bytes, as: UTF8.self) }
}

extension [Text] {
  var strings: [String] { map(\.string) }
}

// Without these a failed expectation would show bytes.
extension Text: CustomStringConvertible, CustomDebugStringConvertible {
  public var description: String { string }
  public var debugDescription: String { "\"\(string)\"" }
}
extension Step: CustomStringConvertible {
  public var description: String { text.string }
}
extension OverlayPlan: CustomTestStringConvertible {
  public var testDescription: String { "\(steps.count) steps, \(afterwards.count) afterwards" }
}

extension [Remark] {
  /// One `error: …` or the like for each remark.
  var strings: [String] { map { "\($0.priority): \($0.text.string)" } }
}
