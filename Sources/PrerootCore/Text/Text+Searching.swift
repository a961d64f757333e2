extension Text {
  public func hasPrefix(_ prefix: Text) -> Bool { bytes.starts(with: prefix.bytes) }

  public func hasSuffix(_ suffix: Text) -> Bool {
    count >= suffix.count && bytes[(count - suffix.count)...].elementsEqual(suffix.bytes)
  }

  /// What follows `prefix`; nil where the text does not begin with it.
  public func dropping(prefix: Text) -> Text? {
    hasPrefix(prefix) ? Text(bytes[prefix.count...]) : nil
  }

  /// The parts before and after the first `separator`; nil where there is none.
  public func cut(at separator: UInt8) -> (before: Text, after: Text)? {
    guard let place = bytes.firstIndex(of: separator) else { return nil }
    return (Text(bytes[..<place]), Text(bytes[(place + 1)...]))
  }

  /// The pieces between separators; empty pieces are left out.
  public func split(at separator: UInt8) -> [Text] {
    split { $0 == separator }
  }

  /// The pieces between white space.
  public var words: [Text] { split { $0.isBlank } }

  /// The lines, without their ends; empty lines are left out.
  public var lines: [Text] { split(at: 0x0a) }

  private func split(where isSeparator: (UInt8) -> Bool) -> [Text] {
    var pieces: [Text] = []
    var start = 0
    for place in 0...count where place == count || isSeparator(bytes[place]) {
      if place > start { pieces.append(Text(bytes[start..<place])) }
      start = place + 1
    }
    return pieces
  }

  /// The text without white space at its ends.
  public var trimmed: Text {
    var start = 0, end = count
    while start < end, bytes[start].isBlank { start += 1 }
    while end > start, bytes[end - 1].isBlank { end -= 1 }
    return Text(bytes[start..<end])
  }

  /// The values with `separator` between them.
  public init(joining values: [Text], separator: StaticString) {
    self.init()
    for place in values.indices {
      if place > 0 { append(literal: separator) }
      append(values[place])
    }
  }

  /// Byte order, as `LC_ALL=C sort` has it.
  public static func < (left: Text, right: Text) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}
