import CLinux
import PrerootCore

/// What a file is, links followed. See inode(7).
struct FileKind {
  private var file = linux_file()

  /// - Parameter path: empty for what is open.
  @inline(never) init(of path: Text, from directory: borrowing FileDescriptor) throws(Errno) {
    let start = directory.rawValue
    unsafe try with(path) { unsafe linux_get_file(start, $0, &file) }
  }

  private var type: UInt32 { file.mode & 0o170000 }

  var isRegular: Bool { type == 0o100000 }
  var isCharacterDevice: Bool { type == 0o020000 }
  /// /dev/null. See linux: Documentation/admin-guide/devices.txt.
  var isNull: Bool { isCharacterDevice && file.device_major == 1 && file.device_minor == 3 }
  /// In bytes; 0 of the kernel's own files.
  var size: Int { Int(clamping: file.size) }

  func requireRegular(limit: Int) throws(Errno) {
    if type == 0o040000 { throw .isDirectory }
    guard isRegular else { throw .notSupported }
    guard size <= limit else { throw .fileTooLarge }
  }
}
