// SPDX-License-Identifier: MIT
/// What was decided and done in stage 1, for programs: an object of JSON with a text for each name. Kept in /run/preroot/state.json.
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
  /// Takes `text` for what another one was written as.
  public init(parsing text: Text) { members = text }

  /// The text of a name; nil where it has none.
  public func value(of name: Text) -> Text? {
    let literal = literal(of: name)
    return literal.hasPrefix("\"") ? literal.quotedTexts.first : nil
  }

  /// The texts in the list of a name; none where it has none.
  public func list(of name: Text) -> [Text] {
    let literal = literal(of: name)
    return literal.hasPrefix("[") ? literal.quotedTexts : []
  }

  /// What stands for its value. `add` has written one name a line.
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
  /// What is between each two quotes, escapes undone.
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
