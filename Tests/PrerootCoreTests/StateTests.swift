// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import Testing

@testable import PrerootCore

@Suite("state.json")
struct StateTests {
  private func parsed(_ state: State) throws -> [String: String]? {
    try JSONSerialization.jsonObject(with: Data(Array(state.text))) as? [String: String]
  }

  @Test("state.json has one line for each value")
  func isThis() {
    var state = State()
    state.add("mode", "overlay")
    state.add("why", "")
    #expect(state.text.string == """
      {
        "mode": "overlay",
        "why": ""
      }

      """)
  }

  @Test("state.json is valid JSON after each added value")
  func isJSON() throws {
    var state = State()
    state.add("mode", "read-only")
    #expect(try parsed(state) == ["mode": "read-only"])
    state.add("why", "x")
    state.add("scope", "/etc:/var")
    #expect(try parsed(state) == ["mode": "read-only", "why": "x", "scope": "/etc:/var"])
  }

  @Test("A JSON parser reads any text in state.json as it was", arguments: [
    "", "a \"b\" c", #"back\slash\"#, #"\"#, "two\nlines\tand\ra tab", "/ä/→/𝄞", "</script>", String((0..<128).map { Character(UnicodeScalar(UInt8($0))) }),
  ])
  func givesBack(text: String) throws {
    var state = State()
    state.add("why", Text(utf8: text))
    state.add("after", "x")
    #expect(try parsed(state) == ["why": text, "after": "x"])
  }

  @Test("state.json escapes control characters in hexadecimal")
  func isEscaped() {
    #expect(Text("\u{1}\n\u{1f}\"\\").escapedForJSON.string == #"\u0001\u000a\u001f\"\\"#)
    #expect(Text("plain").escapedForJSON.string == "plain")
  }
}
