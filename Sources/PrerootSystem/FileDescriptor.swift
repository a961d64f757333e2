import CLinux
import PrerootCore

/// An open file or directory, owned: closed exactly once, at the end of its life.
public struct FileDescriptor: ~Copyable {
  let rawValue: Int32

  init(_ rawValue: Int32) { self.rawValue = rawValue }
  deinit { if rawValue >= 0 { _ = linux_close(rawValue) } }

  /// Where relative paths start; absolute ones start at the root. The C constant is `AT_FDCWD`.
  static var currentDirectory: FileDescriptor { FileDescriptor(LINUX_CURRENT_DIRECTORY) }

  /// Nil where it cannot be told: it is not reached from the root, or its path is longer than a path can be.
  public static var workingDirectory: Text? {
    guard let path = currentDirectory.target(ofLink: "/proc/self/cwd"), path.hasPrefix("/") else { return nil }
    return path
  }

  /// A directory to find other files from. The system call is `open` with O_PATH.
  public init(directory path: Text) throws(Errno) {
    rawValue = unsafe try with(path) { unsafe linux_open_directory(LINUX_CURRENT_DIRECTORY, $0) }
  }

  /// Everything from here to the end of the file. The system call is `read`.
  ///
  /// - Parameter size: what it is expected to have; the kernel's own files say 0.
  /// - Throws: EFBIG where that is more than `limit` bytes.
  fileprivate func readToEnd(limit: Int, expecting size: Int) throws(Errno) -> Text {
    var text = Text()
    while true {
      var result = 0
      text.bytes.append(addingCapacity: max(size - text.count + 1, 4096)) { (tail: inout OutputSpan<UInt8>) in
        unsafe tail.withUnsafeMutableBufferPointer { buffer, count in
          result = unsafe linux_read(rawValue, buffer.baseAddress!, buffer.count)
          if result > 0 { count = result }
        }
      }
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
}

// MARK: Files found from a directory

extension FileDescriptor {
  /// The contents of a small file: a regular one, as are the kernel's own below /proc and /sys. Opening anything else may wait for
  /// ever or wake hardware up, and reading it need not end; so it is looked at before it is opened, and again once it is open.
  /// /dev/null, which takes files out by name all over systemd, is read as the empty file it stands for. The system calls are
  /// `fstatat`, `openat` and `read`.
  ///
  /// - Throws: EFBIG where it is larger than `limit` bytes, EISDIR where it is a directory, EOPNOTSUPP where it is something else that
  ///   has no contents of its own.
  @inline(never) public func read(_ path: Text, limit: Int = 1 << 20) throws(Errno) -> Text {
    let kind = try FileKind(of: path, from: self)
    if kind.isNull { return Text() }
    try kind.requireRegular(limit: limit)
    let file = FileDescriptor(unsafe try at(path) { unsafe linux_open_to_read($0, $1) })
    try FileKind(of: Text(), from: file).requireRegular(limit: limit)
    return try file.readToEnd(limit: limit, expecting: kind.size)
  }

  /// Whether reading the file gives nothing: it is empty, or a link to /dev/null.
  @inline(never) public func isEmpty(_ path: Text) -> Bool {
    do throws(Errno) {
      let kind = try FileKind(of: path, from: self)
      return kind.isNull || (kind.isRegular && kind.size == 0)
    } catch { return false }
  }

  /// Opens a log: a character device, or a file in its place. The system call is `openat` with O_APPEND.
  func openLog(_ path: Text) throws(Errno) -> FileDescriptor {
    let kind = try FileKind(of: path, from: self)
    guard kind.isCharacterDevice || kind.isRegular else { throw .notSupported }
    return FileDescriptor(unsafe try at(path) { unsafe linux_open_to_append($0, $1) })
  }

  /// Writes a file that must not exist yet; one that cannot be written whole is gone again.
  @inline(never) public func create(_ path: Text, contents: Text, mode: UInt32 = 0o644) throws(Errno) {
    let file = FileDescriptor(unsafe try at(path) { unsafe linux_create($0, $1, mode) })
    do throws(Errno) { try file.write(contents) } catch {
      try? remove(path)
      throw error
    }
  }

  func openDirectory(_ path: Text) throws(Errno) -> FileDescriptor {
    FileDescriptor(unsafe try at(path) { unsafe linux_open_directory($0, $1) })
  }

  /// Makes a directory of mode 0755; one that is there already will do.
  public func makeDirectory(_ path: Text) throws(Errno) {
    do throws(Errno) { unsafe try at(path) { unsafe linux_mkdir($0, $1, 0o755) } } catch {
      guard error == .fileExists else { throw error }
    }
  }

  @inline(never) public func makeLink(_ path: Text, to target: Text) throws(Errno) {
    let target = target.terminated
    unsafe try at(path) { directory, path in unsafe target.withCString { unsafe linux_symlink($0, directory, path) } }
  }

  @inline(never) public func rename(_ path: Text, to newPath: Text) throws(Errno) {
    let newPath = newPath.terminated
    unsafe try at(path) { directory, path in unsafe newPath.withCString { unsafe linux_rename(directory, path, $0) } }
  }

  /// Makes a link in one step, whatever was at its place.
  @inline(never) public func replaceLink(_ path: Text, to target: Text) throws(Errno) {
    // Nearly always nothing is there, and then one call does it.
    do throws(Errno) { return try makeLink(path, to: target) } catch { guard error == .fileExists else { throw error } }
    let temporary = path + ".preroot"
    try? remove(temporary)
    try makeLink(temporary, to: target)
    do throws(Errno) { try rename(temporary, to: path) } catch {
      try? remove(temporary)
      throw error
    }
  }

  /// Makes a file in one step as others see it, whatever was at its place; readable by all and writable by none.
  public func replace(_ path: Text, contents: Text) throws(Errno) {
    let temporary = path + ".preroot"
    try? remove(temporary)
    do throws(Errno) {
      try create(temporary, contents: contents, mode: 0o444)
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)
      throw error
    }
  }

  public func remove(_ path: Text) throws(Errno) { unsafe try at(path) { unsafe linux_unlink($0, $1) } }
  public func removeDirectory(_ path: Text) throws(Errno) { unsafe try at(path) { unsafe linux_rmdir($0, $1) } }

  public func exists(_ path: Text) -> Bool {
    do throws(Errno) { return unsafe try at(path) { unsafe linux_exists($0, $1) } == 0 } catch { return false }
  }

  /// Where a symbolic link leads to; nil where there is none. Longer than a path can be is cut.
  public func target(ofLink path: Text) -> Text? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    do throws(Errno) {
      let length = unsafe try at(path) { directory, path in
        unsafe buffer.withUnsafeMutableBytes { Int32(truncatingIfNeeded: unsafe linux_readlink(directory, path, $0.baseAddress!, $0.count)) }
      }
      return Text(buffer[..<Int(length)])
    } catch { return nil }
  }

  /// The names in a directory, in no order; none where it cannot be read.
  public func names(in path: Text) -> [Text] {
    do throws(Errno) { return try FileDescriptor(unsafe at(path) { unsafe linux_open_directory_to_list($0, $1) }).names() } catch { return [] }
  }

  /// The names in this directory, in no order. The system call is `getdents64`.
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
        names.add(name)
        start += recordLength
      }
    }
  }

  /// Makes a system call that takes a directory and a path.
  @discardableResult @inline(never)
  func at(_ path: Text, _ call: (Int32, UnsafePointer<CChar>) -> Int32) throws(Errno) -> Int32 {
    unsafe try with(path) { unsafe call(rawValue, $0) }
  }
}
