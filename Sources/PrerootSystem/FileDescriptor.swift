// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// An owned file descriptor: closed exactly once, at the end of its life.
public struct FileDescriptor: ~Copyable {
  let rawValue: Int32

  init(_ rawValue: Int32) { self.rawValue = rawValue }
  deinit { _ = linux_close(rawValue) }

  /// Reads from the current offset to the end of the file. The system call is `read`.
  ///
  /// - Parameter size: the expected size; the kernel's own files report 0.
  /// - Throws: EFBIG if there are more than `limit` bytes.
  func readToEnd(limit: Int, expecting size: Int = 0) throws(Errno) -> Text {
    var text = Text.Builder()
    while true {
      let room = max(size - text.count + 1, 4096)
      let result = unsafe text.append(upTo: room) { unsafe linux_read(rawValue, $0, room) }
      if try check(result) == 0 { return Text(text) }
      if text.count > limit { throw .fileTooLarge }
    }
  }

  /// Writes all of `text`. One system call is enough, unless the file system is nearly full.
  public func write(_ text: Text) throws(Errno) {
    var done = 0
    while done < text.count {
      done += try check(unsafe linux_write(rawValue, text.pointer + done, text.count - done))
    }
  }

  /// Flushes the file or directory to the disk. The system call is `fsync`.
  func sync() throws(Errno) { try check(linux_sync_file(rawValue)) }

  /// Flushes the file's whole file system to the disk. The system call is `syncfs`.
  func syncFileSystem() throws(Errno) { try check(linux_sync_file_system(rawValue)) }

  /// Passes a path that always leads to this file while it is open. See proc_pid_fd(5).
  func withPath(_ body: (Text) throws(Errno) -> Void) throws(Errno) { try body(Text("/proc/self/fd/") + Text(decimal: Int(rawValue))) }

  /// Returns the file's status. The system call is `fstat`.
  func status() throws(Errno) -> FileStatus { try status(of: Text()) }

  /// Returns the status of a file in this directory, without following links. The system call is `fstatat`.
  func status(of name: Text) throws(Errno) -> FileStatus {
    var status = linux_status()
    try check(unsafe linux_get_status(rawValue, name.cString, &status))
    return FileStatus(status)
  }

  /// Returns the names in this directory except `.` and `..`, unsorted. The system call is `getdents64`.
  func names() throws(Errno) -> [Text] {
    var names: [Text] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let length = try check(unsafe buffer.withUnsafeMutableBytes { unsafe linux_getdents(rawValue, $0.baseAddress!, $0.count) })
      if length == 0 { return names }
      var start = 0
      while start < length {
        // struct linux_dirent64: ino (8 bytes), off (8), reclen (2, in native byte order), type (1), name.
        let recordLength = Int(unsafe buffer.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: start + 16, as: UInt16.self) })
        var end = start + 19
        while buffer[end] != 0 { end += 1 }
        let name = Text(buffer[(start + 19)..<end])
        if !(name == "." || name == "..") { names.add(name) }
        start += recordLength
      }
    }
  }
}
