// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The file at an absolute path of a plan, with the lookup rule that applies there.
///
/// The upper's file system may come from any machine: no symbolic link on it is followed. In the image and on the future root, links
/// belong to the image and stay within it, as they will when it is the root.
struct Place: ~Copyable {
  let directory: Directory
  /// Relative to `directory`.
  let path: Text
  /// The path of `directory`.
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

  /// The absolute path without symbolic links, for system calls and programs that accept only a path.
  var resolved: Text {
    get throws(Errno) {
      if path == "." { return "/" }
      return base + "/" + (directory.lookup == .inRoot ? try directory.resolvingLinks(of: path) : path)
    }
  }
}
