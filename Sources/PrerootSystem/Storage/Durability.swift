import CLinux
import PrerootCore

extension FileDescriptor {
  /// Like `replace`, and after its return not even a power cut takes it back; in the middle of it, the old contents or the new ones
  /// are there. See fsync(2): the file first, then the directory that has its name.
  public func replaceDurably(_ path: Text, contents: Text) throws(Errno) {
    let temporary = path + ".preroot"
    try? remove(temporary)
    do throws(Errno) {
      try create(temporary, contents: contents, mode: 0o444)
      try sync(temporary)
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)
      throw error
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
  @inline(never) public func sync(_ path: Text) throws(Errno) { unsafe try with(path) { unsafe linux_sync(rawValue, $0, 0) } }

  @inline(never) private func syncDirectory(of path: Text) throws(Errno) { try sync(path.directory) }
}

/// Brings all of the file system that `path` is on to the disk. The system call is `syncfs`.
public func syncFileSystem(_ path: Text) throws(Errno) {
  unsafe try with(path) { unsafe linux_sync(LINUX_CURRENT_DIRECTORY, $0, 1) }
}

extension Text {
  /// A path without its last component; `.` where it has one only.
  var directory: Text {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == 0 ? "/" : Text(bytes[..<slash])
  }
}
