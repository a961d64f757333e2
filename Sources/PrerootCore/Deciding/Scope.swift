/// What is made writable.
public enum Scope: Equatable, Sendable {
  /// The whole root: PID 1 and all that follows stand on the overlay.
  case root
  /// Only these directories, each with an overlay of its own; no directory lies within another.
  case directories([Text])

  /// As it is written in a setting.
  public var text: Text {
    @inline(never) get {
      switch self {
      case .root: "/"
      case .directories(let paths): Text(joining: paths, separator: ":")
      }
    }
  }

}

extension [Text] {
  /// Adds a directory unless it is within one of these; those within it go.
  mutating func addDirectory(_ path: Text) {
    for other in self where path.isWithin(other) { return }
    var rest: [Text] = []
    for other in self where !other.isWithin(path) { rest.add(other) }
    rest.add(path)
    self = rest
  }
}

extension Text {
  /// Whether the path is `directory` or below it. Both are absolute and normal.
  public func isWithin(_ directory: Text) -> Bool {
    self == directory || hasPrefix(directory + "/")
  }

  /// Whether the path is in one of the kernel's own file systems.
  var isInApiDirectory: Bool {
    for directory in Text("/proc /sys /dev /run").words where isWithin(directory) { return true }
    return false
  }

  /// The absolute path without doubled and trailing slashes; nil where it is relative or has `.` or `..` in it.
  public var normalPath: Text? {
    guard bytes.first == UInt8(ascii: "/") else { return nil }
    var path = Text()
    for component in split(at: UInt8(ascii: "/")) {
      if component == "." || component == ".." { return nil }
      path.append("/")
      path.append(component)
    }
    return path.isEmpty ? "/" : path
  }
}
