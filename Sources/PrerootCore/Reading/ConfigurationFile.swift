/// One file in systemd's configuration syntax: `[Section]`, `Directive=value`, `#` and `;` comments, `\` at a line's end
/// joins it with the next. See systemd.syntax(7), preroot.conf(5).
public struct ConfigurationFile: Equatable, Sendable {
  public struct Line: Equatable, Sendable {
    /// Where it stands, the first line being 1.
    public var number: Int
    /// Of the section it is in; empty before the first.
    public var section: Text
    public var content: Content
  }
  public enum Content: Equatable, Sendable {
    case directive(Text, value: Text)
    /// Neither a section, nor a comment, nor `Directive=value`.
    case junk(Text)
  }

  public var path: Text
  public var lines: [Line]

  public init(path: Text, parsing text: Text) {
    self.path = path
    lines = []
    var section = Text()
    var pending = Text()
    var number = 0
    var rest = text
    while !rest.isEmpty {
      let (line, after) = rest.cut(at: 0x0a) ?? (rest, Text())
      rest = after
      number += 1
      if pending.isEmpty, let first = line.trimmed.bytes.first, first == UInt8(ascii: "#") || first == UInt8(ascii: ";") { continue }
      pending.append(line)
      if pending.bytes.last == UInt8(ascii: "\\"), !rest.isEmpty {
        pending.bytes[pending.count - 1] = UInt8(ascii: " ")
        continue
      }
      let whole = pending.trimmed
      pending = Text()
      if whole.isEmpty { continue }
      if whole.bytes[0] == UInt8(ascii: "["), whole.bytes.last == UInt8(ascii: "]") {
        section = Text(whole.bytes[1..<(whole.count - 1)])
      } else if let (name, value) = whole.cut(at: UInt8(ascii: "=")) {
        lines.append(Line(number: number, section: section, content: .directive(name.trimmed, value: value.trimmed)))
      } else {
        lines.append(Line(number: number, section: section, content: .junk(whole)))
      }
    }
  }
}

/// Which files make up the configuration, and in which order.
public enum ConfigurationPaths {
  /// The directories, the strongest first: what the administrator says, what this boot says, what the image says.
  public static var directories: [Text] { ["/etc", "/run", "/usr/lib"] }

  /// The drop-ins to read, weakest first: sorted by name over all directories; of one name only the strongest
  /// directory's file counts. `names` has a directory's file names, in the order of `directories`.
  public static func dropIns(among names: [[Text]]) -> [Text] {
    var found: [(name: Text, path: Text)] = []
    for (directory, names) in zip(directories, names) {
      for name in names where name.hasSuffix(".conf") && !found.contains(where: { $0.name == name }) {
        found.append((name, "\(directory)/preroot.conf.d/\(name)"))
      }
    }
    found.sort { $0.name < $1.name }
    return found.map { $0.path }
  }
}
