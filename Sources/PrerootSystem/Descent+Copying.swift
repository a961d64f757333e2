// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

// Making a copy of a tree, one name at a time. Nothing follows a symbolic link.

extension Descent {
  /// Makes a directory that only root sees, until it becomes like its model.
  @inline(never) func makeDirectory(_ name: Text) throws(Errno) { try check(unsafe linux_mkdir(directory.rawValue, name.cString, 0o700)) }

  /// Makes a file that hides the lower's: a character device 0:0.
  @inline(never) func makeWhiteout(_ name: Text) throws(Errno) { try check(unsafe linux_make_node(directory.rawValue, name.cString, 0o020000, 0)) }

  /// Makes a second name for a file of another tree on the same file system.
  @inline(never) func link(_ name: Text, from source: borrowing Descent) throws(Errno) {
    try check(unsafe linux_link(source.directory.rawValue, name.cString, directory.rawValue, name.cString))
  }

  /// Makes a second name for a file below `root`.
  @inline(never) func link(_ name: Text, toFile path: Text, below root: borrowing Directory) throws(Errno) {
    try check(unsafe linux_link(root.rawValue, path.cString, directory.rawValue, name.cString))
  }

  @inline(never) func remove(_ name: Text) throws(Errno) { try check(unsafe linux_unlink(directory.rawValue, name.cString)) }

  /// Copies a file that is not a directory.
  @inline(never) func copy(_ name: Text, from source: borrowing Descent, _ status: FileStatus) throws(Errno) {
    let here = directory.rawValue, there = source.directory.rawValue
    if status.isRegularFile {
      let original = FileDescriptor(try check(unsafe linux_open_component(there, name.cString, LINUX_OPEN_TO_READ)))
      let copy = FileDescriptor(try check(unsafe linux_create(here, name.cString, 0o600)))
      try check(linux_copy(original.rawValue, copy.rawValue, status.size))
    } else if status.isSymbolicLink {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let length = try check(unsafe buffer.withUnsafeMutableBytes { unsafe linux_readlink(there, name.cString, $0.baseAddress!, $0.count) })
      try check(unsafe linux_symlink(Text(buffer[..<length]).cString, here, name.cString))
    } else {
      try check(unsafe linux_make_node(here, name.cString, status.mode & 0o170000 | 0o600, status.inodeDevice))
    }
    if !status.isWhiteout { try becomeLike(name, source, status) }
  }

  /// Gives a file the owner, the extended attributes, the mode and the time of the file with this name in `source`. Leaves out what this
  /// file system does not support, but never grants more than the model does.
  ///
  /// - Parameter status: the model's. It may be a moment older than its attributes.
  @inline(never) func becomeLike(_ name: Text, _ source: borrowing Descent, _ status: FileStatus) throws(Errno) {
    let here = directory.rawValue, file = path + name, model = source.path + name
    try check(unsafe linux_change_owner_at(here, name.cString, status.owner, status.group))
    var mode = status.mode & 0o7777
    for attribute in Self.attributes(of: model) where !attribute.isOverlays {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let length = unsafe buffer.withUnsafeMutableBytes { unsafe linux_get_attribute(model.cString, attribute.cString, $0.baseAddress!, $0.count) }
      if length < 0 { continue }
      let value = Text(buffer[..<length])
      do throws(Errno) { try check(unsafe linux_set_attribute(file.cString, attribute.cString, value.pointer, value.count)) } catch {
        guard error == .notSupported else { throw error }
        // With a list, the group bits are its mask, and may allow more than the group has. See acl(5).
        if attribute == "system.posix_acl_access" { mode &= ~0o070 }
      }
    }
    if !status.isSymbolicLink { try check(unsafe linux_change_mode_at(here, name.cString, mode)) }
    try check(unsafe linux_set_modified(here, name.cString, status.modifiedNanoseconds))
  }

  /// Whether the directory hides the lower's.
  @inline(never) func isOpaque(_ name: Text) -> Bool { attribute(Self.opaque, of: name)?.hasPrefix("y") == true }

  @inline(never) func makeOpaque(_ name: Text) throws(Errno) {
    try check(unsafe linux_set_attribute((path + name).cString, Self.opaque.cString, Text("y").pointer, 1))
  }

  private static var opaque: Text { "trusted.overlay.opaque" }

  private static func attributes(of path: Text) -> [Text] {
    // XATTR_LIST_MAX. See xattr(7).
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let length = unsafe buffer.withUnsafeMutableBytes {
      unsafe linux_list_attributes_at(path.cString, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return length <= 0 ? [] : Text(buffer[..<length]).split(at: 0)
  }
}

extension Text {
  /// Whether the extended attribute of this name belongs to one overlay. Those of an overlay within it are escaped, and the flags that
  /// chattr(1) sets are the file's own. See linux: overlayfs.rst, "Nesting overlayfs mounts", and OVL_XATTR_PROTATTR.
  fileprivate var isOverlays: Bool {
    hasPrefix("trusted.overlay.") && !hasPrefix("trusted.overlay.overlay.") && !(self == "trusted.overlay.protattr")
  }
}
