/// What is made writable.
public enum Scope: Equatable, Sendable {
  /// The whole root: PID 1 and all that follows stand on the overlay.
  case root
  /// Only these directories, each with an overlay of its own; no directory lies within another.
  case directories([Text])

  /// As it is written in a setting.
  public var text: Text {
    switch self {
    case .root: "/"
    case .directories(let paths): Text(joining: paths, separator: ":")
    }
  }

  public func covers(_ path: Text) -> Bool {
    switch self {
    case .root: true
    case .directories(let directories): directories.contains { path.isWithin($0) }
    }
  }
}

extension Text {
  /// Whether the path is `directory` or below it. Both are absolute and normal.
  func isWithin(_ directory: Text) -> Bool {
    directory == "/" || self == directory || hasPrefix("\(directory)/")
  }

  /// The absolute path without doubled and trailing slashes; nil where it is relative or has `.` or `..` in it.
  var normalPath: Text? {
    guard bytes.first == UInt8(ascii: "/") else { return nil }
    let components = split(at: UInt8(ascii: "/"))
    guard !components.contains("."), !components.contains("..") else { return nil }
    return "/\(components, separator: "/")"
  }
}
