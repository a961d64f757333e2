// SPDX-License-Identifier: MIT
extension Text {
  public var last: UInt8? { isEmpty ? nil : self[count - 1] }

  /// Where the byte is for the first time.
  @inline(never) public func place(of byte: UInt8) -> Int? {
    for place in indices where self[place] == byte { return place }
    return nil
  }

  /// Where the byte is for the last time.
  @inline(never) public func lastPlace(of byte: UInt8) -> Int? {
    var place = count
    while place > 0 {
      place -= 1
      if self[place] == byte { return place }
    }
    return nil
  }

  public func contains(_ byte: UInt8) -> Bool { place(of: byte) != nil }

  @inline(never) public func hasSuffix(_ suffix: Text) -> Bool { count >= suffix.count && dropFirst(count - suffix.count) == suffix }

  /// The text without its first bytes, as far as it has so many.
  @inline(never) public func dropFirst(_ number: Int) -> Text { self[Swift.min(number, count)..<count] }

  /// The text without its last bytes, as far as it has so many.
  @inline(never) public func dropLast(_ number: Int) -> Text { self[0..<Swift.max(count - number, 0)] }

  /// Whether the text is one of the words, which have blanks between them.
  @inline(never) public func isOne(of words: Text) -> Bool {
    var start = 0
    for place in 0...words.count where place == words.count || words[place] == 0x20 {
      if words[start..<place] == self { return true }
      start = place + 1
    }
    return false
  }

  /// Whether it is the word, which has neither dashes nor underscores.
  ///
  /// - Parameter isExact: whether large and small letters differ, and dashes and underscores count.
  @inline(never) func isWord(_ word: Text, isExact: Bool) -> Bool {
    if isExact { return self == word }
    var matching = 0
    for byte in self where byte.withoutDash != UInt8(ascii: "_") {
      guard matching < word.count, byte.lowercased == word[matching].lowercased else { return false }
      matching += 1
    }
    return matching == word.count
  }

  /// What follows `prefix`; nil where the text does not begin with it.
  @inline(never) public func dropping(prefix: Text) -> Text? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }

  /// The parts before and after the first `separator`; nil where there is none.
  @inline(never) public func cut(at separator: UInt8) -> (before: Text, after: Text)? {
    guard let place = place(of: separator) else { return nil }
    return (self[0..<place], dropFirst(place + 1))
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
    for place in 0...count where place == count || self[place] == separator || (orBlank && self[place].isBlank) {
      if place > start || keepsEmpty { pieces.add(self[start..<place]) }
      start = place + 1
    }
    return pieces
  }

  /// The text with A to Z in small letters.
  var lowercased: Text {
    var copy = Builder()
    for byte in self { copy.append(byte.lowercased) }
    return Text(copy)
  }

  /// The text without white space at its ends.
  public var trimmed: Text { trim() }

  @inline(never) private func trim() -> Text {
    var start = 0, end = count
    while start < end, self[start].isBlank { start += 1 }
    while end > start, self[end - 1].isBlank { end -= 1 }
    return self[start..<end]
  }

  /// The values with `separator` between them.
  @inline(never) public init(joining values: [Text], separator: Text) {
    var out = Builder()
    for place in values.indices {
      if place > 0 { out.append(separator) }
      out.append(values[place])
    }
    self.init(out)
  }

  /// Byte order, as `LC_ALL=C sort` has it.
  @inline(never) public static func < (left: Text, right: Text) -> Bool {
    for place in left.indices {
      if place == right.count { return false }
      if left[place] != right[place] { return left[place] < right[place] }
    }
    return left.count < right.count
  }
}

extension Text {
  /// The value of the first line `NAME=value`; nil where there is none.
  @inline(never) public func value(of name: Text) -> Text? {
    for line in lines {
      if let (before, value) = line.cut(at: UInt8(ascii: "=")), before == name { return value }
    }
    return nil
  }
}
