import CLinux
import PrerootCore

/// An open file or directory, owned: closed exactly once, at the end of its life.
public struct FileDescriptor: ~Copyable {
  let rawValue: Int32

  init(_ rawValue: Int32) { self.rawValue = rawValue }
  deinit { if rawValue >= 0 { _ = linux_close(rawValue) } }

  /// Where relative paths start; absolute ones start at the root. The C constant is `AT_FDCWD`.
  static var currentDirectory: FileDescriptor { FileDescriptor(LINUX_CURRENT_DIRECTORY) }

  /// A directory to find other files from. The system call is `open` with O_PATH.
  public init(directory path: Text) throws(Errno) {
    rawValue = try check(unsafe path.withCString { unsafe linux_open_directory(LINUX_CURRENT_DIRECTORY, $0) })
  }

  /// Everything from here to the end of the file. The system call is `read`.
  public func readToEnd() throws(Errno) -> Text {
    var text = Text()
    while true {
      var result = 0
      text.bytes.append(addingCapacity: 4096) { (tail: inout OutputSpan<UInt8>) in
        unsafe tail.withUnsafeMutableBufferPointer { buffer, count in
          result = unsafe linux_read(rawValue, buffer.baseAddress!, buffer.count)
          if result > 0 { count = result }
        }
      }
      if try check(result) == 0 { return text }
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
}

// MARK: Files found from a directory

extension FileDescriptor {
  /// The contents of a file. The system calls are `openat` and `read`.
  public func read(_ path: Text) throws(Errno) -> Text {
    try FileDescriptor(check(unsafe path.withCString { unsafe linux_open_to_read(rawValue, $0) })).readToEnd()
  }

  /// Writes a file that must not exist yet.
  public func create(_ path: Text, contents: Text, mode: UInt32 = 0o644) throws(Errno) {
    let file = FileDescriptor(try check(unsafe path.withCString { unsafe linux_create(rawValue, $0, mode) }))
    try file.write(contents)
  }

  public func openToWrite(_ path: Text) throws(Errno) -> FileDescriptor {
    FileDescriptor(try check(unsafe path.withCString { unsafe linux_open_to_write(rawValue, $0) }))
  }

  /// Makes a directory of mode 0755.
  ///
  /// - Returns: false where it was there already.
  @discardableResult
  public func makeDirectory(_ path: Text) throws(Errno) -> Bool {
    let result = unsafe path.withCString { unsafe linux_mkdir(rawValue, $0, 0o755) }
    if result < 0, Errno(rawValue: -result) == .fileExists { return false }
    try check(result)
    return true
  }

  public func makeLink(_ path: Text, to target: Text) throws(Errno) {
    try check(unsafe target.withCString { target in
      unsafe path.withCString { path in unsafe linux_symlink(target, rawValue, path) }
    })
  }

  public func rename(_ path: Text, to newPath: Text) throws(Errno) {
    try check(unsafe path.withCString { path in
      unsafe newPath.withCString { newPath in unsafe linux_rename(rawValue, path, newPath) }
    })
  }

  public func remove(_ path: Text) throws(Errno) {
    try check(unsafe path.withCString { unsafe linux_unlink(rawValue, $0) })
  }

  public func removeDirectory(_ path: Text) throws(Errno) {
    try check(unsafe path.withCString { unsafe linux_rmdir(rawValue, $0) })
  }

  public func exists(_ path: Text) -> Bool {
    unsafe path.withCString { unsafe linux_exists(rawValue, $0) } == 0
  }

  /// Where a symbolic link leads to; nil where there is none. Longer than a path can be is cut.
  public func target(ofLink path: Text) -> Text? {
    var target = Text()
    target.bytes.append(addingCapacity: 4096) { (tail: inout OutputSpan<UInt8>) in
      unsafe tail.withUnsafeMutableBufferPointer { buffer, count in
        let result = unsafe path.withCString { unsafe linux_readlink(rawValue, $0, buffer.baseAddress!, buffer.count) }
        if result > 0 { count = result }
      }
    }
    return target.isEmpty ? nil : target
  }

  /// The names in a directory, in no order; none where it cannot be read. The system call is `getdents64`.
  public func names(in path: Text) -> [Text] {
    let result = unsafe path.withCString { unsafe linux_open_directory_to_list(rawValue, $0) }
    guard result >= 0 else { return [] }
    let directory = FileDescriptor(result)
    var names: [Text] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let length = unsafe buffer.withUnsafeMutableBytes { unsafe linux_getdents(directory.rawValue, $0.baseAddress!, $0.count) }
      guard length > 0 else { return names }
      var start = 0
      while start < length {
        // struct linux_dirent64: ino (8 bytes), off (8), reclen (2, of the machine's byte order), type (1), name.
        let recordLength = Int(unsafe buffer.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: start + 16, as: UInt16.self) })
        let name = Text(buffer[(start + 19)..<(start + recordLength)].prefix { $0 != 0 })
        if name != ".", name != ".." { names.append(name) }
        start += recordLength
      }
    }
  }
}
