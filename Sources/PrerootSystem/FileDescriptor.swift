// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// An open file, owned: closed exactly once, at the end of its life.
public struct FileDescriptor: ~Copyable {
  let rawValue: Int32

  init(_ rawValue: Int32) { self.rawValue = rawValue }
  deinit { _ = linux_close(rawValue) }

  /// Everything from here to the end of the file. The system call is `read`.
  ///
  /// - Parameter size: what it is expected to have; the kernel's own files say 0.
  /// - Throws: EFBIG where that is more than `limit` bytes.
  func readToEnd(limit: Int, expecting size: Int = 0) throws(Errno) -> Text {
    var text = Text()
    while true {
      var result = 0
      text.append(Text(unsafe [UInt8](unsafeUninitializedCapacity: max(size - text.count + 1, 4096)) { buffer, count in
        result = unsafe linux_read(rawValue, buffer.baseAddress!, buffer.count)
        if result > 0 { count = result }
      }))
      if try check(result) == 0 { return text }
      if text.count > limit { throw .fileTooLarge }
    }
  }

  /// All of `text`, in as many system calls as it takes: one, unless the file system is nearly full.
  public func write(_ text: Text) throws(Errno) {
    var done = 0
    while done < text.count {
      let rest = done
      done += try check(unsafe text.bytes.withUnsafeBytes {
        unsafe linux_write(rawValue, $0.baseAddress! + rest, $0.count - rest)
      })
    }
  }

  /// Brings the file or directory to the disk. The system call is `fsync`.
  func sync() throws(Errno) { try check(linux_sync_file(rawValue)) }

  /// Brings all of the file system that it is on to the disk. The system call is `syncfs`.
  func syncFileSystem() throws(Errno) { try check(linux_sync_file_system(rawValue)) }

  /// Hands out a path that leads to it in any case, while it is open. See proc_pid_fd(5).
  func withPath(_ body: (Text) throws(Errno) -> Void) throws(Errno) { try body(Text("/proc/self/fd/") + Text(decimal: Int(rawValue))) }

  /// What it is. The system call is `fstat`.
  func status() throws(Errno) -> FileStatus { try status(of: Text()) }

  /// What a file in this directory is, links not followed. The system call is `fstatat`.
  func status(of name: Text) throws(Errno) -> FileStatus {
    var status = linux_status()
    unsafe try with(name) { unsafe linux_get_status(rawValue, $0, &status) }
    return FileStatus(status)
  }

  /// The names in this directory but for `.` and `..`, in no order. The system call is `getdents64`.
  func names() throws(Errno) -> [Text] {
    var names: [Text] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let length = try check(unsafe buffer.withUnsafeMutableBytes { unsafe linux_getdents(rawValue, $0.baseAddress!, $0.count) })
      if length == 0 { return names }
      var start = 0
      while start < length {
        // struct linux_dirent64: ino (8 bytes), off (8), reclen (2, of the machine's byte order), type (1), name.
        let recordLength = Int(unsafe buffer.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: start + 16, as: UInt16.self) })
        var name = Text()
        for byte in buffer[(start + 19)..<(start + recordLength)] {
          if byte == 0 { break }
          name.append(byte)
        }
        if !(name == "." || name == "..") { names.add(name) }
        start += recordLength
      }
    }
  }
}
