// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Testing

@Suite("Escaping")
struct EscapingTests {
  @Test("Text escaped for a terminal has no control characters and keeps valid UTF-8", arguments: [
    ([0x61, 0x20, 0x7e], "a ~"), ([0x1b, 0x5b, 0x4b], #"\x1b[K"#), ([0x0a, 0x0d, 0x00], #"\x0a\x0d\x00"#), ([0x7f], #"\x7f"#),
    (Array("é€😀".utf8), "é€😀"),
    // C1: U+009B is CSI, whole and as a single byte.
    ([0xc2, 0x9b, 0x4b], #"\xc2\x9bK"#), ([0x9b], #"\x9b"#), ([0xc2, 0xa0], "\u{a0}"),
    // Cut short, too long, a surrogate, beyond U+10FFFF.
    ([0xe2, 0x82], #"\xe2\x82"#), ([0xc0, 0xaf], #"\xc0\xaf"#), ([0xed, 0xa0, 0x80], #"\xed\xa0\x80"#), ([0xf4, 0x90, 0x80, 0x80], #"\xf4\x90\x80\x80"#),
    ([0xe2, 0x41, 0xc3, 0xa9], #"\xe2Aé"#),
  ] as [([UInt8], String)])
  func isSafeOnTerminal(bytes: [UInt8], shown: String) {
    #expect(Text(bytes).escapedForTerminal.string == shown)
  }

  @Test("Text escaped for JSON is valid JSON for any bytes")
  func isValidJSON() throws {
    for first in 0...255 as ClosedRange<UInt8> {
      for rest in [[], [0x80], [0xbf, 0xbf], [0x9f, 0x80, 0x80], [0x22], [0x5c]] as [[UInt8]] {
        let bytes = [0x61, first] + rest + [0x62]
        let json = Array(Text("[\"") + Text(bytes).escapedForJSON + "\"]")
        let value = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String])
        #expect(value == [String(decoding: bytes, as: UTF8.self)] || !String(validating: bytes, as: UTF8.self).isValid)
        #expect(value[0].utf8.first == 0x61 && value[0].utf8.last == 0x62)
      }
    }
    #expect(Text([0xff, 0x41]).escapedForJSON.string == "\u{fffd}A")
    #expect(Text("\t\"\\\u{1b}").escapedForJSON.string == #"\u0009\"\\\u001b"#)
  }
}

extension String? {
  fileprivate var isValid: Bool { self != nil }
}
