// SPDX-License-Identifier: MIT
/// The decision and the outcome of stage 1 for programs, as a JSON object. Kept in /run/preroot/state.json.
public struct State: Equatable, Sendable {
  private var members = Text()

  public init() {}

  @inline(never) public mutating func add(_ name: Text, _ value: Text) { add(name, literally: value.quotedForJSON) }

  public mutating func add(_ name: Text, boolean value: Bool) { add(name, literally: value ? "true" : "false") }

  public mutating func add(_ name: Text, number: Int) { add(name, literally: Text(decimal: number)) }

  @inline(never) public mutating func add(_ name: Text, list: [Text]) {
    var quoted: [Text] = []
    for value in list { quoted.add(value.quotedForJSON) }
    add(name, literally: Text("[") + Text(joining: quoted, separator: ", ") + "]")
  }

  private mutating func add(_ name: Text, literally value: Text) {
    members.append(members.isEmpty ? "{\n  \"" : ",\n  \"")
    members.append(name + "\": " + value)
  }

  public var text: Text { members + "\n}\n" }
}

// MARK: Reading it back

extension State {
  /// Reads the `text` of another state.
  public init(parsing text: Text) { members = text }

  /// Returns the string value of a name; nil if there is none.
  public func value(of name: Text) -> Text? {
    let literal = literal(of: name)
    return literal.hasPrefix("\"") ? literal.quotedTexts.first : nil
  }

  /// Returns the strings in a name's list; empty if there is none.
  public func list(of name: Text) -> [Text] {
    let literal = literal(of: name)
    return literal.hasPrefix("[") ? literal.quotedTexts : []
  }

  /// Returns the literal after a name. `add` writes one name per line.
  @inline(never) private func literal(of name: Text) -> Text {
    let start = Text("\"") + name + "\": "
    for line in members.lines {
      let line = line.trimmed
      if line.hasPrefix(start) { return line.dropFirst(start.count) }
    }
    return Text()
  }
}

extension Text {
  /// The strings between quotes, unescaped.
  @inline(never) fileprivate var quotedTexts: [Text] {
    let quote = UInt8(ascii: "\"")
    var texts: [Text] = [], start = 0, isInside = false, isEscaped = false
    for place in indices {
      if self[place] == quote, !isEscaped {
        if isInside { texts.add(self[start..<place].unescapedFromJSON) }
        start = place + 1
        isInside.toggle()
      }
      isEscaped = self[place] == UInt8(ascii: "\\") && !isEscaped
    }
    return texts
  }
}

extension Text {
  fileprivate var quotedForJSON: Text { Text("\"") + escapedForJSON + "\"" }
}
