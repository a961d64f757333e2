/// What was decided and done in stage 1, for programs: an object of JSON with a text for each name. Kept in /run/preroot/state.json.
public struct State: Equatable, Sendable {
  private var members = Text()

  public init() {}

  @inline(never) public mutating func add(_ name: StaticString, _ value: Text) { add(name, literally: value.quotedForJSON) }

  public mutating func add(_ name: StaticString, number: Int) { add(name, literally: Text(decimal: number)) }

  @inline(never) public mutating func add(_ name: StaticString, list: [Text]) {
    var quoted: [Text] = []
    for value in list { quoted.add(value.quotedForJSON) }
    add(name, literally: Text("[") + Text(joining: quoted, separator: ", ") + "]")
  }

  private mutating func add(_ name: StaticString, literally value: Text) {
    members.append(members.isEmpty ? "{\n  \"" : ",\n  \"")
    members.append(Text(stringLiteral: name) + "\": " + value)
  }

  public var text: Text { members + "\n}\n" }
}

// MARK: Reading it back

extension State {
  /// Takes `text` for what another one was written as.
  public init(parsing text: Text) { members = text }

  /// The text of a name; nil where it has none. It was written by `add`, one name a line.
  @inline(never) public func value(of name: StaticString) -> Text? {
    let start = Text("\"") + Text(stringLiteral: name) + "\": \""
    for line in members.lines {
      let line = line.trimmed
      guard line.hasPrefix(start), let end = line.bytes.lastIndex(of: UInt8(ascii: "\"")), end >= start.count else { continue }
      return Text(line.bytes[start.count..<end]).unescapedFromJSON
    }
    return nil
  }
}

extension Text {
  fileprivate var quotedForJSON: Text { Text("\"") + escapedForJSON + "\"" }
}
