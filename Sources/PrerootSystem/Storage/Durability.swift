// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

// What not even a power cut takes back. See fsync(2): the file first, then the directory that has its name.

extension Directory {
  /// Like `replace`; a power cut in the middle of it leaves the old contents or the new ones.
  public func replaceDurably(_ path: Text, contents: Text) throws(Errno) {
    try replacing(path) { temporary throws(Errno) in
      try create(temporary, contents: contents, mode: 0o444)
      try sync(temporary)
    }
    try syncDirectory(of: path)
  }

  /// Removes a file for good.
  public func removeDurably(_ path: Text) throws(Errno) {
    try remove(path)
    try syncDirectory(of: path)
  }

  /// Renames for good, also from one directory to another.
  public func renameDurably(_ path: Text, to newPath: Text) throws(Errno) {
    try rename(path, to: newPath)
    try syncDirectory(of: newPath)
    try syncDirectory(of: path)
  }

  /// Brings a file or a directory to the disk. The system call is `fsync`.
  @inline(never) public func sync(_ path: Text) throws(Errno) { try open(path, .toRead).sync() }

  /// Brings all of the file system that `path` is on to the disk. The system call is `syncfs`.
  func syncFileSystem(_ path: Text) throws(Errno) { try open(path, .toRead).syncFileSystem() }

  @inline(never) func syncDirectory(of path: Text) throws(Errno) { try sync(path.directory) }
}

extension Text {
  /// A path without its last component; `.` where it has one only.
  var directory: Text {
    guard let slash = lastPlace(of: UInt8(ascii: "/")) else { return "." }
    return slash == 0 ? "/" : self[0..<slash]
  }
}
