// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

// Changes that survive a power cut. See fsync(2): flush the file first, then the directory that contains its name.

extension Directory {
  /// Like `replace`, but after a power cut the file has either the old contents or the new ones.
  public func replaceDurably(_ path: Text, contents: Text) throws(Errno) {
    try replacing(path) { temporary throws(Errno) in
      try create(temporary, contents: contents, mode: 0o444)
      try sync(temporary)
    }
    try syncDirectory(of: path)
  }

  /// Removes a file and flushes that to the disk.
  public func removeDurably(_ path: Text) throws(Errno) {
    try remove(path)
    try syncDirectory(of: path)
  }

  /// Renames a file, also between directories, and flushes that to the disk.
  public func renameDurably(_ path: Text, to newPath: Text) throws(Errno) {
    try rename(path, to: newPath)
    try syncDirectory(of: newPath)
    if path.directory != newPath.directory { try syncDirectory(of: path) }
  }

  /// Makes a directory with the owner, mode and extended attributes of another and flushes it to the disk: programs that flush their files
  /// below it cannot do that. It has a temporary name at first, so that after a power cut its mode is never too permissive.
  @inline(never) func makeDirectoryDurably(_ path: Text, like model: borrowing FileDescriptor) throws(Errno) {
    try replacing(path) { temporary throws(Errno) in
      try makeDirectory(temporary)
      let copy = try open(temporary, .toList)
      try copy.becomeLike(model)
      try copy.sync()
    }
    try syncDirectory(of: path)
  }

  /// Flushes a file or a directory to the disk. The system call is `fsync`.
  @inline(never) public func sync(_ path: Text) throws(Errno) { try open(path, .toRead).sync() }

  /// Flushes the whole file system at `path` to the disk. The system call is `syncfs`.
  func syncFileSystem(_ path: Text) throws(Errno) { try open(path, .toRead).syncFileSystem() }

  @inline(never) func syncDirectory(of path: Text) throws(Errno) { try sync(path.directory) }
}

extension Text {
  /// The path without its last component; `.` if it has only one.
  var directory: Text {
    guard let slash = lastPlace(of: UInt8(ascii: "/")) else { return "." }
    return slash == 0 ? "/" : self[0..<slash]
  }
}
