// SPDX-License-Identifier: MIT
import PrerootCore
import Testing

extension Text {
  /// The bytes of a text that is no literal.
  init(utf8 string: String) { self.init(Array(string.utf8)) }

  /// What a failed expectation shows, and what is easy to compare with.
  var string: String { String(decoding: Array(self), as: UTF8.self) }
}

extension [Text] {
  var strings: [String] { map(\.string) }
}

// Otherwise a failed expectation would show bytes.
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
  /// `error: …`, one each.
  var strings: [String] { map { "\($0.priority): \($0.text.string)" } }
}
