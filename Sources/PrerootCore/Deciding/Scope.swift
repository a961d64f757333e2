// SPDX-License-Identifier: MIT
/// What to make writable.
public enum Scope: Equatable, Sendable {
  /// The whole root: PID 1 and every later process run on the overlay.
  case root
  /// Only these directories, one overlay each; no directory contains another.
  case directories([Text])

  /// The scope as a setting spells it.
  public var text: Text {
    @inline(never) get {
      switch self {
      case .root: "/"
      case .directories(let paths): Text(joining: paths, separator: ":")
      }
    }
  }

  /// Returns whether the path is on an overlay.
  public func covers(_ path: Text) -> Bool {
    guard case .directories(let directories) = self else { return true }
    for directory in directories where path.isWithin(directory) { return true }
    return false
  }

  /// The mount points of the overlays.
  public var paths: [Text] {
    switch self {
    case .root: ["/"]
    case .directories(let paths): paths
    }
  }
}
