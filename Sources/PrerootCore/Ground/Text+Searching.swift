// SPDX-License-Identifier: MIT
extension Text {
  public var last: UInt8? { isEmpty ? nil : self[count - 1] }

  /// Returns the first place of the byte.
  @inline(never) public func place(of byte: UInt8) -> Int? {
    for place in indices where self[place] == byte { return place }
    return nil
  }

  /// Returns the last place of the byte.
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

  /// Returns the text without its first `number` bytes; empty if it is shorter.
  @inline(never) public func dropFirst(_ number: Int) -> Text { self[Swift.min(number, count)..<count] }

  /// Returns the text without its last `number` bytes; empty if it is shorter.
  @inline(never) public func dropLast(_ number: Int) -> Text { self[0..<Swift.max(count - number, 0)] }

  /// Returns whether the text is one of the words, which spaces separate.
  @inline(never) public func isOne(of words: Text) -> Bool {
    var start = 0
    for place in 0...words.count where place == words.count || words[place] == 0x20 {
      if words[start..<place] == self { return true }
      start = place + 1
    }
    return false
  }

  /// Returns whether the text is the word, which contains neither dashes nor underscores.
  ///
  /// - Parameter isExact: whether case, dashes and underscores are significant.
  @inline(never) func isWord(_ word: Text, isExact: Bool) -> Bool {
    if isExact { return self == word }
    var matching = 0
    for byte in self where byte.withoutDash != UInt8(ascii: "_") {
      guard matching < word.count, byte.lowercased == word[matching].lowercased else { return false }
      matching += 1
    }
    return matching == word.count
  }

  /// Returns the text after `prefix`; nil if the text does not begin with it.
  @inline(never) public func dropping(prefix: Text) -> Text? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }

  /// Returns the parts before and after the first `separator`; nil if there is none.
  @inline(never) public func cut(at separator: UInt8) -> (before: Text, after: Text)? {
    guard let place = place(of: separator) else { return nil }
    return (self[0..<place], dropFirst(place + 1))
  }

  /// Returns the pieces between separators, without empty ones.
  @inline(never) public func split(at separator: UInt8) -> [Text] { split(at: separator, orBlank: false, keepsEmpty: false) }

  /// Returns the items of a list, trimmed: joined lines leave white space around them. Leaves out empty items.
  @inline(never) public func items(at separator: UInt8) -> [Text] {
    var items: [Text] = []
    for piece in split(at: separator) {
      let item = piece.trimmed
      if !item.isEmpty { items.add(item) }
    }
    return items
  }

  /// The pieces between white space.
  public var words: [Text] {
    @inline(never) get { split(at: 0x20, orBlank: true, keepsEmpty: false) }
  }

  /// The lines without their newlines; empty lines are left out.
  public var lines: [Text] {
    @inline(never) get { split(at: 0x0a) }
  }

  /// The lines without their newlines, including empty lines.
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

  /// The text with A to Z in lower case.
  var lowercased: Text {
    var copy = Builder()
    for byte in self { copy.append(byte.lowercased) }
    return Text(copy)
  }

  /// The text without leading and trailing white space.
  public var trimmed: Text { trim() }

  @inline(never) private func trim() -> Text {
    var start = 0, end = count
    while start < end, self[start].isBlank { start += 1 }
    while end > start, self[end - 1].isBlank { end -= 1 }
    return self[start..<end]
  }

  /// Joins the values with `separator` between them.
  @inline(never) public init(joining values: [Text], separator: Text) {
    var out = Builder()
    for place in values.indices {
      if place > 0 { out.append(separator) }
      out.append(values[place])
    }
    self.init(out)
  }

  /// Compares bytes, as `LC_ALL=C sort` does.
  @inline(never) public static func < (left: Text, right: Text) -> Bool {
    for place in left.indices {
      if place == right.count { return false }
      if left[place] != right[place] { return left[place] < right[place] }
    }
    return left.count < right.count
  }
}

extension Text {
  /// Returns the value of the first line `NAME=value`; nil if there is none.
  @inline(never) public func value(of name: Text) -> Text? {
    for line in lines {
      if let (before, value) = line.cut(at: UInt8(ascii: "=")), before == name { return value }
    }
    return nil
  }
}
