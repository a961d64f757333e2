// SPDX-License-Identifier: MIT
/// So that a `switch` over texts reads as one, and makes no copies of its patterns.
public func ~= (pattern: StaticString, value: Text) -> Bool { value == pattern }

extension Text {
  @inline(never) @_disfavoredOverload public func hasPrefix(_ prefix: Text) -> Bool { bytes.starts(with: prefix.bytes) }

  @inline(never) public func hasPrefix(_ prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { unsafe bytes.starts(with: $0) }
  }

  /// Whether the text is one of the words, which have blanks between them.
  @inline(never) public func isOne(of words: StaticString) -> Bool {
    words.withUTF8Buffer { words in
      // -1: this word differs already.
      var matching = 0
      for unsafe letter in unsafe words {
        if letter == 0x20 {
          if matching == count { return true }
          matching = 0
        } else if matching >= 0 {
          matching = matching < count && bytes[matching] == letter ? matching + 1 : -1
        }
      }
      return matching == count
    }
  }

  @inline(never) public func hasSuffix(_ suffix: StaticString) -> Bool {
    suffix.withUTF8Buffer { unsafe count >= $0.count && bytes[(count - $0.count)...].elementsEqual($0) }
  }

  /// Whether it is the word, which has neither dashes nor underscores.
  ///
  /// - Parameter isExact: whether large and small letters differ, and dashes and underscores count.
  @inline(never) func isWord(_ word: StaticString, isExact: Bool) -> Bool {
    if isExact { return self == word }
    return word.withUTF8Buffer { word in
      var matching = 0
      for byte in bytes where byte.withoutDash != UInt8(ascii: "_") {
        guard matching < word.count, unsafe byte.lowercased == word[matching].lowercased else { return false }
        matching += 1
      }
      return matching == word.count
    }
  }

  /// What follows `prefix`; nil where the text does not begin with it.
  @inline(never) public func dropping(prefix: StaticString) -> Text? {
    hasPrefix(prefix) ? Text(bytes[prefix.utf8CodeUnitCount...]) : nil
  }

  /// The parts before and after the first `separator`; nil where there is none.
  @inline(never) public func cut(at separator: UInt8) -> (before: Text, after: Text)? {
    guard let place = bytes.firstIndex(of: separator) else { return nil }
    return (Text(bytes[..<place]), Text(bytes[(place + 1)...]))
  }

  /// The pieces between separators; empty pieces are left out.
  public func split(at separator: UInt8) -> [Text] { split(at: separator, orBlank: false, keepsEmpty: false) }

  /// The items of a list, without the white space around them: joined lines leave some.
  @inline(never) public func items(at separator: UInt8) -> [Text] {
    var items: [Text] = []
    for piece in split(at: separator) {
      let item = piece.trimmed
      if !item.isEmpty { items.add(item) }
    }
    return items
  }

  /// The pieces between white space.
  public var words: [Text] { split(at: 0x20, orBlank: true, keepsEmpty: false) }

  /// The lines, without their ends; empty lines are left out.
  public var lines: [Text] { split(at: 0x0a) }

  /// The lines, without their ends, the empty ones included.
  public var rows: [Text] {
    var rows = split(at: 0x0a, orBlank: false, keepsEmpty: true)
    if rows.last?.isEmpty == true { rows.removeLast() }
    return rows
  }

  @inline(never) private func split(at separator: UInt8, orBlank: Bool, keepsEmpty: Bool) -> [Text] {
    var pieces: [Text] = []
    var start = 0
    for place in 0...count where place == count || bytes[place] == separator || (orBlank && bytes[place].isBlank) {
      if place > start || keepsEmpty { pieces.add(Text(bytes[start..<place])) }
      start = place + 1
    }
    return pieces
  }

  /// The text with A to Z in small letters.
  var lowercased: Text {
    var copy = self
    for place in bytes.indices { copy.bytes[place] = bytes[place].lowercased }
    return copy
  }

  /// The text without white space at its ends.
  public var trimmed: Text { trim() }

  @inline(never) private func trim() -> Text {
    var start = 0, end = count
    while start < end, bytes[start].isBlank { start += 1 }
    while end > start, bytes[end - 1].isBlank { end -= 1 }
    return Text(bytes[start..<end])
  }

  /// The values with `separator` between them.
  @inline(never) public init(joining values: [Text], separator: StaticString) {
    self.init()
    for place in values.indices {
      if place > 0 { append(literal: separator) }
      append(values[place])
    }
  }

  /// Byte order, as `LC_ALL=C sort` has it.
  @inline(never) public static func < (left: Text, right: Text) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

extension Text {
  /// The value of the first line `NAME=value`; nil where there is none.
  @inline(never) public func value(of name: StaticString) -> Text? {
    for line in lines {
      if let (before, value) = line.cut(at: UInt8(ascii: "=")), before == name { return value }
    }
    return nil
  }
}
