/// What was decided and done in stage 1, for programs: an object of JSON with a text for each name. Kept in /run/preroot/state.json.
public struct State: Equatable, Sendable {
  private var members = Text()

  public init() {}

  @inline(never) public mutating func add(_ name: StaticString, _ value: Text) {
    members.append(members.isEmpty ? "{\n  \"" : ",\n  \"")
    members.append(Text(stringLiteral: name) + "\": \"" + value.escapedForJSON + "\"")
  }

  public var text: Text { members + "\n}\n" }
}

extension Text {
  /// See RFC 8259, section 7.
  public var escapedForJSON: Text {
    var out = Text()
    for byte in bytes {
      if byte < 0x20 {
        out.append("\\u00")
        out.append(hexadecimal: byte)
        continue
      }
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append("\\") }
      out.append(byte)
    }
    return out
  }
}
