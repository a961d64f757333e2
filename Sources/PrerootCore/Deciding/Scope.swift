// SPDX-License-Identifier: MIT
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

  /// Whether what is at the path is on an overlay.
  public func covers(_ path: Text) -> Bool {
    guard case .directories(let directories) = self else { return true }
    for directory in directories where path.isWithin(directory) { return true }
    return false
  }

  /// Where the overlays are.
  public var paths: [Text] {
    switch self {
    case .root: ["/"]
    case .directories(let paths): paths
    }
  }
}
