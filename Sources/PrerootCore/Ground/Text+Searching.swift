/// So that a `switch` over texts reads as one, and makes no copies of its patterns.
public func ~= (pattern: StaticString, value: Text) -> Bool { value == pattern }

extension Text {
  @inline(never) @_disfavoredOverload public func hasPrefix(_ prefix: Text) -> Bool { bytes.starts(with: prefix.bytes) }

  @inline(never) public func hasPrefix(_ prefix: StaticString) -> Bool {
    prefix.withUTF8Buffer { unsafe bytes.starts(with: $0) }
  }

  /// Whether the text is one of the words, which have blanks between them.
  public func isOne(of words: StaticString) -> Bool { place(among: words, isExact: true) != nil }

  /// Which of the words it is, which have blanks between them.
  ///
  /// - Parameter isExact: whether large letters, dashes and underscores of the text count.
  @inline(never) public func place(among words: StaticString, isExact: Bool) -> Int? {
    let largeOrSmall: UInt8 = isExact ? 0 : 0x20
    return words.withUTF8Buffer { words in
      // -1: this word differs already.
      var place = 0, matching = 0
      for unsafe letter in unsafe words {
        if letter == 0x20 {
          if matching == count { return place }
          place += 1
          matching = 0
        } else if matching >= 0 {
          while !isExact, matching < count, bytes[matching].withoutDash == UInt8(ascii: "_") { matching += 1 }
          matching = matching < count && bytes[matching] | largeOrSmall == letter | largeOrSmall ? matching + 1 : -1
        }
      }
      return matching == count ? place : nil
    }
  }

  @inline(never) public func hasSuffix(_ suffix: StaticString) -> Bool {
    suffix.withUTF8Buffer { unsafe count >= $0.count && bytes[(count - $0.count)...].elementsEqual($0) }
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
  public func split(at separator: UInt8) -> [Text] { split(at: separator, orBlank: false) }

  /// The pieces between white space.
  public var words: [Text] { split(at: 0x20, orBlank: true) }

  /// The lines, without their ends; empty lines are left out.
  public var lines: [Text] { split(at: 0x0a) }

  @inline(never) private func split(at separator: UInt8, orBlank: Bool) -> [Text] {
    var pieces: [Text] = []
    var start = 0
    for place in 0...count where place == count || bytes[place] == separator || (orBlank && bytes[place].isBlank) {
      if place > start { pieces.add(Text(bytes[start..<place])) }
      start = place + 1
    }
    return pieces
  }

  /// The text with A to Z in small letters.
  var lowercased: Text {
    var copy = self
    for place in bytes.indices where bytes[place].isLetter { copy.bytes[place] |= 0x20 }
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
