// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("Text")
struct TextTests {
  @Test("Text writes numbers in decimal digits", arguments: [
    (0, "0"), (7, "7"), (10, "10"), (-1, "-1"), (-100, "-100"), (1_000_000, "1000000"),
    (Int.max, "9223372036854775807"), (Int.min, "-9223372036854775808"),
  ])
  func isWrittenInDecimal(value: Int, expected: String) {
    #expect(Text(decimal: value).string == expected)
  }

  @Test("Text reads decimal numbers", arguments: [
    ("0", 0), ("007", 7), ("42", 42), ("9223372036854775807", Int.max),
  ])
  func isReadAsNumber(text: String, expected: Int) {
    #expect(Text(utf8: text).decimalValue == expected)
  }

  @Test("Text reads no number from other characters or from one that is too large", arguments: [
    "", " 1", "1 ", "-1", "+1", "1k", "0x1", "1.5", "9223372036854775808", "99999999999999999999",
  ])
  func isNoNumber(text: String) {
    #expect(Text(utf8: text).decimalValue == nil)
  }

  @Test("Text splits into words at white space of any kind and length", arguments: [
    ("", []), ("  \t\n", []), ("one", ["one"]), (" one  two\tthree\n", ["one", "two", "three"]), ("a\rb\u{b}c\u{c}d", ["a", "b", "c", "d"]),
  ] as [(String, [String])])
  func isSplitIntoWords(text: String, expected: [String]) {
    #expect(Text(utf8: text).words.strings == expected)
  }

  @Test("Text splits at a separator and drops empty pieces", arguments: [
    ("", []), (":", []), ("a", ["a"]), ("a:b", ["a", "b"]), (":a::b:", ["a", "b"]), ("a b:c", ["a b", "c"]),
  ] as [(String, [String])])
  func isSplitAtSeparator(text: String, expected: [String]) {
    #expect(Text(utf8: text).split(at: UInt8(ascii: ":")).strings == expected)
  }

  @Test("Text is cut at the first separator, and either part may be empty", arguments: [
    ("a=b", "a", "b"), ("=", "", ""), ("a=", "a", ""), ("=b", "", "b"), ("a=b=c", "a", "b=c"),
  ])
  func isCut(text: String, before: String, after: String) {
    let parts = Text(utf8: text).cut(at: UInt8(ascii: "="))
    #expect(parts?.before.string == before)
    #expect(parts?.after.string == after)
  }

  @Test("Text without the separator is not cut")
  func isNotCut() {
    #expect(Text("ab").cut(at: UInt8(ascii: "=")) == nil)
    #expect(Text().cut(at: UInt8(ascii: "=")) == nil)
  }

  @Test("Text is trimmed only at its ends", arguments: [
    ("", ""), (" \t\r\n ", ""), ("a", "a"), ("  a  b \n", "a  b"), ("a ", "a"), (" a", "a"),
  ])
  func isTrimmed(text: String, expected: String) {
    #expect(Text(utf8: text).trimmed.string == expected)
  }

  @Test("Text matches one whole word of a list")
  func isOneOf() {
    #expect(Text("no").isOne(of: "no 0 off"))
    #expect(Text("off").isOne(of: "no 0 off"))
    #expect(!Text("of").isOne(of: "no 0 off"))
    #expect(!Text("no 0").isOne(of: "no 0 off"))
    #expect(!Text("offf").isOne(of: "no 0 off"))
    #expect(!Text("").isOne(of: "no 0 off"))
    #expect(!Text("OFF").isOne(of: "no 0 off"))
  }

  @Test("Text has prefixes and suffixes")
  func hasPrefixesAndSuffixes() {
    let text: Text = "default.target"
    #expect(text.hasPrefix("default"))
    #expect(text.hasPrefix(""))
    #expect(text.hasPrefix("default.target"))
    #expect(!text.hasPrefix("default.target."))
    #expect(!text.hasPrefix("target"))
    #expect(text.hasPrefix(Text("def")))
    #expect(!text.hasPrefix(Text("fed")))
    #expect(text.hasSuffix(".target"))
    #expect(text.hasSuffix("default.target"))
    #expect(!text.hasSuffix("a-default.target"))
    #expect(!text.hasSuffix("default"))
    #expect(text.dropping(prefix: "default.")?.string == "target")
    #expect(text.dropping(prefix: "default.target")?.string == "")
    #expect(text.dropping(prefix: "target") == nil)
  }

  @Test("Text joins and concatenates other texts")
  func isMadeOfOthers() {
    #expect((Text("a") + "b" + Text()).string == "ab")
    #expect(Text(joining: ["x", "y"], separator: ", ").string == "x, y")
    #expect(Text(joining: ["a"], separator: ":").string == "a")
    #expect(Text(joining: [], separator: ":").string == "")
  }

  @Test("Text compares byte by byte")
  func isCompared() {
    #expect(Text("a") == Text([0x61]))
    #expect(Text([0xff, 0x00]) == Text([0xff, 0x00]))
    #expect(Text([0xff]) != Text([0xfe]))
    // The two forms of one letter are equal as String, but they are two file names.
    #expect(Text(utf8: "\u{e9}") != Text(utf8: "e\u{301}"))
    #expect(Text("A") < Text("a"))
    #expect(Text("a") < Text("aa"))
    #expect(Text("10") < Text("9"))
    #expect(Text("z") < Text([0xc3]))
  }

  @Test("Text splits into lines without their newlines")
  func isSplitIntoLines() {
    #expect(Text("a\n\n b \nc").lines.strings == ["a", " b ", "c"])
  }
}

@Suite("Paths")
struct PathTests {
  @Test("A path is normalized to single slashes without a trailing one", arguments: [
    ("/", "/"), ("//", "/"), ("/etc", "/etc"), ("/etc/", "/etc"), ("//var///lib//", "/var/lib"), ("/a b", "/a b"), ("/...", "/..."),
  ])
  func isMadeNormal(path: String, expected: String) {
    #expect(Text(utf8: path).normalPath?.string == expected)
  }

  @Test("A path is rejected if it is relative or has '.' or '..'", arguments: ["", "etc", "./etc", "/..", "/etc/../var", "/etc/.", "/./etc"])
  func isRefused(path: String) {
    #expect(Text(utf8: path).normalPath == nil)
  }

  @Test("The parents of a path are the directories above it", arguments: [
    ("/a", []), ("/a/b", ["/a"]), ("/a/b/c", ["/a", "/a/b"]),
  ] as [(String, [String])])
  func hasParents(path: String, expected: [String]) {
    #expect(Text(utf8: path).parents.strings == expected)
  }

  @Test("A path is within a directory only by whole components")
  func liesWithin() {
    #expect(Text("/etc").isWithin("/etc"))
    #expect(Text("/etc/ssh").isWithin("/etc"))
    #expect(!Text("/etcetera").isWithin("/etc"))
    #expect(!Text("/etc").isWithin("/etc/ssh"))
    #expect(Text("/run/user").isInApiDirectory)
    #expect(!Text("/running").isInApiDirectory)
  }

  @Test("A path is escaped for the options of overlayfs")
  func isEscapedForOverlay() {
    #expect(Text(#"/a:b,c\d e"#).escapedForOverlay.string == #"/a\:b\,c\\d e"#)
    #expect(Text("/etc").escapedForOverlay.string == "/etc")
  }

  @Test("The file name of a path follows its last slash")
  func hasFileName() {
    #expect(Text("/a/b.conf").fileName.string == "b.conf")
    #expect(Text("b.conf").fileName.string == "b.conf")
    #expect(Text("/a/").fileName.string == "")
  }
}

@Suite("Sorting")
struct SortingTests {
  @Test("Texts are sorted by their bytes", arguments: [0, 1, 2, 3, 10, 1000])
  func areSorted(count: Int) {
    // All are different and unsorted.
    var numbers = (0..<count).map { Text(utf8: "\($0 * 7919 % 1009)") }
    let expected = numbers.map(\.string).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    numbers.sort()
    #expect(numbers.map(\.string) == expected)
  }

  @Test("Texts are sorted even if some are equal")
  func areSortedThoughAlike() {
    var texts: [Text] = ["b", "a", "", "b", "a/b", "b"]
    texts.sort()
    #expect(texts.map(\.string) == ["", "a", "a/b", "b", "b", "b"])
  }
}
