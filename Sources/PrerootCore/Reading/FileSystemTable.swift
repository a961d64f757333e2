// SPDX-License-Identifier: MIT
/// What /etc/fstab says. See fstab(5).
public struct FileSystemTable: Equatable, Sendable {
  /// One line, shared and never changed.
  public final class Line: Sendable {
    public let source: Text
    /// Absolute and normal where it is a path; `none` and the like else.
    public let mountPoint: Text
    public let type: Text
    /// With commas between them.
    public let options: Text

    /// Nil where it is none, or a comment.
    init?(parsing line: Text) {
      let fields = line.words
      guard fields.count >= 4, fields[0][0] != UInt8(ascii: "#") else { return nil }
      source = fields[0].unescapingOctal
      let place = fields[1].unescapingOctal
      mountPoint = place.normalPath ?? place
      type = fields[2]
      options = fields[3]
    }

    @inline(never) public func has(_ option: Text) -> Bool {
      for other in options.split(at: UInt8(ascii: ",")) where other == option { return true }
      return false
    }

    /// Whether systemd mounts it at boot, or when somebody looks there.
    public var isMounted: Bool { !has("noauto") || has("x-systemd.automount") }
  }

  public var lines: [Line] = []

  public init() {}

  public init(parsing text: Text) {
    for line in text.lines {
      if let line = Line(parsing: line) { lines.append(line) }
    }
  }

  public static func == (left: FileSystemTable, right: FileSystemTable) -> Bool {
    left.lines.elementsEqual(right.lines) { $0.source == $1.source && $0.mountPoint == $1.mountPoint && $0.type == $1.type && $0.options == $1.options }
  }

  /// The line for `/`, the last of several.
  public var root: Line? { lines.last { $0.mountPoint == "/" } }

  /// Whether the line for `/` keeps it read-only: of its `ro` and `rw` the last is `ro`.
  public var isRootReadOnly: Bool {
    var isReadOnly = false
    for option in (root?.options ?? Text()).split(at: UInt8(ascii: ",")) {
      if option == "ro" { isReadOnly = true } else if option == "rw" { isReadOnly = false }
    }
    return isReadOnly
  }

  /// Swap files of the image that an overlay would show: the kernel takes none from an overlay, and swapon(8) would have the whole file
  /// copied first.
  ///
  /// - Parameters:
  ///   - overlays: where an overlay is.
  ///   - others: where something else is mounted, beside what the table has.
  public func swapFiles(onOverlaysAt overlays: [Text], besides others: [Text]) -> [Text] {
    var others = others
    for line in lines where !(line.mountPoint == "/") && !(line.type == "swap") { others.add(line.mountPoint) }
    var files: [Text] = []
    for line in lines where line.type == "swap" && line.source.hasPrefix("/") && !line.source.isWithin("/dev") {
      // The longest name of a directory that it is in is the one it is on.
      if line.source.longest(of: overlays) > line.source.longest(of: others) { files.add(line.source) }
    }
    return files
  }
}

extension Text {
  /// How long the longest of the directories is that the path is in; 0 where it is in none.
  @inline(never) fileprivate func longest(of directories: [Text]) -> Int {
    var length = 0
    for directory in directories where isWithin(directory) { length = Swift.max(length, directory.count) }
    return length
  }
}
