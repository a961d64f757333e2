/// The lines of all configuration files, weakest first, in systemd's syntax: `[Section]`, `Directive=value`, `#` and `;`
/// comments, `\` at a line's end joins it with the next. See systemd.syntax(7), preroot.conf(5).
public struct Configuration: Equatable, Sendable {
  public struct Line: Equatable, Sendable {
    /// `FILE:NUMBER`, the first line being 1; of joined lines it is the last.
    public var origin: Text
    /// The section it is in; empty before the first.
    public var section: Text
    public var directive: Text
    /// Nil where the line is not `Directive=value`; then all of it is `directive`.
    public var value: Text?
  }

  public var lines: [Line] = []

  public init() {}

  /// Adds what a file says; it is stronger than what is there.
  public mutating func add(_ path: Text, _ contents: Text) {
    var section = Text()
    var pending = Text()
    var number = 0
    var rest = contents
    while !rest.isEmpty {
      let (line, after) = rest.cut(at: 0x0a) ?? (rest, Text())
      rest = after
      number += 1
      let first = line.trimmed.bytes.first
      if pending.isEmpty, first == UInt8(ascii: "#") || first == UInt8(ascii: ";") { continue }
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
      } else {
        let (name, value) = whole.cut(at: UInt8(ascii: "=")) ?? (whole, nil)
        lines.append(Line(origin: "\(path):\(number)", section: section, directive: name.trimmed, value: value?.trimmed))
      }
    }
  }
}

/// Which files make up the configuration, and in which order.
public enum ConfigurationPaths {
  /// The directories, the strongest first: what the administrator says, what this boot says, what the image says.
  public static var directories: [Text] { ["/etc", "/run", "/usr/lib"] }

  /// Puts the drop-ins of a directory, weaker than those before it, to the ones found: they are sorted by file name, and
  /// of one name only the strongest directory's file counts.
  public static func add(_ names: [Text], of directory: Text, to paths: inout [Text]) {
    for name in names where name.hasSuffix(".conf") {
      var before = 0
      while before < paths.count, paths[before].fileName < name { before += 1 }
      if before < paths.count, paths[before].fileName == name { continue }
      paths.add(directory + name)
      for place in stride(from: paths.count - 1, to: before, by: -1) { paths.swapAt(place, place - 1) }
    }
  }
}

extension Text {
  /// The last component of a path.
  public var fileName: Text {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return self }
    return Text(bytes[(slash + 1)...])
  }
}
