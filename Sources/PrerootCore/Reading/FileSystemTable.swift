// SPDX-License-Identifier: MIT
/// The contents of /etc/fstab. See fstab(5).
public struct FileSystemTable: Equatable, Sendable {
  /// One line: shared and immutable.
  public final class Line: Sendable {
    public let source: Text
    /// Absolute and normalized if it is a path; otherwise as written, like `none`.
    public let mountPoint: Text
    public let type: Text
    /// Separated by commas.
    public let options: Text

    /// Nil for a comment and for a line that fstab(5) does not describe.
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

    /// Whether systemd mounts it at boot or on first access.
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

  /// The last line for `/`.
  public var root: Line? { lines.last { $0.mountPoint == "/" } }

  /// Whether the line for `/` keeps it read-only: the last of its `ro` and `rw` is `ro`.
  public var isRootReadOnly: Bool {
    var isReadOnly = false
    for option in (root?.options ?? Text()).split(at: UInt8(ascii: ",")) {
      if option == "ro" { isReadOnly = true } else if option == "rw" { isReadOnly = false }
    }
    return isReadOnly
  }

  /// Returns the image's swap files that an overlay would show. The kernel takes no swap file on an overlay, and swapon(8) would first copy
  /// the whole file up.
  ///
  /// - Parameters:
  ///   - overlays: the mount points of the overlays.
  ///   - others: other mount points, besides those in the table.
  public func swapFiles(onOverlaysAt overlays: [Text], besides others: [Text]) -> [Text] {
    var others = others
    var files: [Text] = []
    for line in lines where line.type == "swap" && line.source.hasPrefix("/") && !line.source.isWithin("/dev") {
      if files.isEmpty {
        for line in lines where !(line.mountPoint == "/") && !(line.type == "swap") { others.add(line.mountPoint) }
      }
      // The longest mount point above a file is the file system that holds it.
      if line.source.longest(of: overlays) > line.source.longest(of: others) { files.add(line.source) }
    }
    return files
  }
}

extension Text {
  /// Returns the length of the longest directory that contains the path; 0 if none does.
  @inline(never) fileprivate func longest(of directories: [Text]) -> Int {
    var length = 0
    for directory in directories where isWithin(directory) { length = Swift.max(length, directory.count) }
    return length
  }
}
