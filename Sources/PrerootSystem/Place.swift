// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Where an absolute path of a plan leads, and how far links on the way may lead.
///
/// What is on the upper's file system may come from anybody's machine: there, no link is followed. In the image and on the root to be,
/// links are the image's own and stay in it, as they will when it is the root.
struct Place: ~Copyable {
  let directory: Directory
  /// From there.
  let path: Text
  /// The directory's own path.
  private let base: Text

  init(_ path: Text) throws(Errno) {
    var base = Text(), lookup = Directory.Lookup.anywhere
    // The mount points themselves are on /run.
    if path.hasPrefix(Paths.store + "/") {
      base = Paths.store
      lookup = .beneath
    } else if path.hasPrefix(Paths.staging + "/") {
      base = Paths.staging
      lookup = .inRoot
    } else if path.hasPrefix(Paths.lower + "/") {
      base = Paths.lower
      lookup = .inRoot
    }
    let rest = path.dropFirst(base.count).asRelative
    directory = try Directory(base.isEmpty ? "/" : base, lookup: lookup)
    self.path = rest.isEmpty ? "." : rest
    self.base = base
  }

  func open() throws(Errno) -> FileDescriptor { try directory.open(path, .path) }

  var exists: Bool { directory.exists(path) }

  /// The absolute path without links, for a system call or a program that takes nothing else.
  var resolved: Text {
    get throws(Errno) {
      if path == "." { return "/" }
      return base + "/" + (directory.lookup == .inRoot ? try directory.resolvingLinks(of: path) : path)
    }
  }
}
