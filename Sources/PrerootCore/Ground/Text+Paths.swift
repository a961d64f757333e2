// SPDX-License-Identifier: MIT
// Absolute paths, as texts.

extension [Text] {
  /// Adds a directory unless one of these contains it, and removes those that it contains.
  mutating func addDirectory(_ path: Text) {
    for other in self where path.isWithin(other) { return }
    var rest: [Text] = []
    for other in self where !other.isWithin(path) { rest.add(other) }
    rest.add(path)
    self = rest
  }
}

extension Text {
  /// The last component of a path.
  public var fileName: Text {
    guard let slash = lastPlace(of: UInt8(ascii: "/")) else { return self }
    return dropFirst(slash + 1)
  }

  /// The parent directories from the top down, without the root: `/a` and `/a/b` for `/a/b/c`.
  public var parents: [Text] {
    var parents: [Text] = []
    for place in indices where place > 0 && self[place] == UInt8(ascii: "/") { parents.add(self[0..<place]) }
    return parents
  }

  /// Returns whether the path is `directory` or below it. Both are absolute and normalized.
  @inline(never) public func isWithin(_ directory: Text) -> Bool {
    directory == "/" || (hasPrefix(directory) && (count == directory.count || self[directory.count] == UInt8(ascii: "/")))
  }

  /// Whether the path is on one of the API file systems.
  public var isInApiDirectory: Bool {
    for directory in Text("/proc /sys /dev /run").words where isWithin(directory) { return true }
    return false
  }

  /// The absolute path without doubled and trailing slashes; nil if it is relative or contains `.` or `..`.
  public var normalPath: Text? {
    guard hasPrefix("/") else { return nil }
    var path = Builder()
    for component in split(at: UInt8(ascii: "/")) {
      if component == "." || component == ".." { return nil }
      path.append("/")
      path.append(component)
    }
    let normal = Text(path)
    return normal.isEmpty ? "/" : normal
  }
}
