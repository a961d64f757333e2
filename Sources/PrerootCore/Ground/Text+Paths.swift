// Absolute paths, as texts.

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
  /// The last component of a path.
  public var fileName: Text {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return self }
    return Text(bytes[(slash + 1)...])
  }

  /// The directories above it, from the top, the root left out: `/a/b/c` has `/a` and `/a/b`.
  public var parents: [Text] {
    var parents: [Text] = []
    for place in bytes.indices where place > 0 && bytes[place] == UInt8(ascii: "/") { parents.add(Text(bytes[..<place])) }
    return parents
  }

  /// Whether the path is `directory` or below it. Both are absolute and normal.
  @inline(never) public func isWithin(_ directory: Text) -> Bool {
    self == directory || hasPrefix(directory + "/") || directory == "/"
  }

  /// Whether the path is in one of the kernel's own file systems.
  var isInApiDirectory: Bool {
    for directory in Text("/proc /sys /dev /run").words where isWithin(directory) { return true }
    return false
  }

  /// The path without symbolic links, as whoever has that root directory finds it; nil where links lead in a circle.
  ///
  /// - Parameter target: where the link of a path leads to; nil where there is no link.
  @inline(never) public func followed(_ target: (Text) -> Text?) -> Text? {
    var names = [Text](split(at: UInt8(ascii: "/")).reversed())
    var path = Text(), links = 0
    while let name = names.popLast() {
      if name == "." { continue }
      if name == ".." {
        path = Text(path.bytes[..<(path.bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0)])
        continue
      }
      let next = path + "/" + name
      guard let target = target(next) else {
        path = next
        continue
      }
      links += 1
      // See path_resolution(7): the kernel's limit, too.
      if links > 40 { return nil }
      if target.hasPrefix("/") { path = Text() }
      for name in target.split(at: UInt8(ascii: "/")).reversed() { names.add(name) }
    }
    return path.isEmpty ? "/" : path
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
