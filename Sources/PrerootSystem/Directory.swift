// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// An open directory, for lookups by relative path.
///
/// Each directory has a rule for its lookups: links in an image or on a removable device must not lead out of it. See
/// path_resolution(7), openat2(2).
public struct Directory: ~Copyable {
  /// Where symbolic links on a path may lead.
  public enum Lookup: Int32, Sendable {
    // The raw values are CLinux's LINUX_LOOK_ constants.
    /// Anywhere, as for every other program: for this process's own root.
    case anywhere
    /// Below the directory, which acts as /: for an image, whose links are its own. RESOLVE_IN_ROOT.
    case inRoot
    /// Nowhere: a link is an error (ELOOP), and so is a mount point (EXDEV). For preroot's own files on a device. RESOLVE_BENEATH,
    /// RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV.
    case beneath
  }

  /// The purpose of opening a file.
  enum Purpose: Int32 {
    // The raw values are CLinux's LINUX_OPEN_ constants.
    /// Only to refer to it: opening has no effect. O_PATH.
    case path
    /// The same, for directories only.
    case directory
    case toList
    case toRead
  }

  private let descriptor: FileDescriptor
  public let lookup: Lookup

  /// Opens a directory by a path from this process's root or working directory. The system call is `open` with O_PATH.
  public init(_ path: Text, lookup: Lookup = .anywhere) throws(Errno) {
    self.init(FileDescriptor(try check(unsafe linux_open(LINUX_CURRENT_DIRECTORY, path.cString, LINUX_OPEN_DIRECTORY, LINUX_LOOK_ANYWHERE))), lookup)
  }

  private init(_ descriptor: consuming FileDescriptor, _ lookup: Lookup) {
    self.descriptor = descriptor
    self.lookup = lookup
  }

  var rawValue: Int32 { descriptor.rawValue }

  /// Opens a directory below this one, with its own lookup rule.
  public func directory(_ path: Text, lookup: Lookup) throws(Errno) -> Directory {
    Directory(try open(path, .directory), lookup)
  }

  /// Nil if it is unreachable from the root, or its path exceeds the kernel's limit.
  public static var workingDirectory: Text? {
    guard let path = unsafe linkTarget({ unsafe linux_readlink(LINUX_CURRENT_DIRECTORY, "/proc/self/cwd", $0, $1) }), path.hasPrefix("/") else { return nil }
    return path
  }
}

// MARK: Lookup

extension Directory {
  /// Opens the file at a path.
  @inline(never) func open(_ path: Text, _ purpose: Purpose) throws(Errno) -> FileDescriptor {
    do throws(Errno) {
      return FileDescriptor(try check(unsafe linux_open(rawValue, path.cString, purpose.rawValue, lookup.rawValue)))
    } catch {
      // ENOSYS: Linux before 5.6. EPERM: an old system call filter in a container.
      guard lookup != .anywhere, error == .functionNotImplemented || error == .notPermitted else { throw error }
      return try walk(lookup == .inRoot ? try resolvingLinks(of: path) : path, purpose)
    }
  }

  /// The same without openat2(2): opens one component after the other and accepts no symbolic link.
  @inline(never) func walk(_ path: Text, _ purpose: Purpose) throws(Errno) -> FileDescriptor {
    let components = path.split(at: UInt8(ascii: "/"))
    let device = try descriptor.status().device
    var here = FileDescriptor(try check(unsafe linux_open_component(rawValue, ".", (components.isEmpty ? purpose : .directory).rawValue)))
    for place in components.indices {
      if components[place] == ".." { throw .crossDevice }
      let way = place == components.count - 1 ? purpose : .directory
      here = FileDescriptor(try check(unsafe linux_open_component(here.rawValue, components[place].cString, way.rawValue)))
      if lookup == .beneath, try here.status().device != device { throw .crossDevice }
    }
    return here
  }

  /// Returns the path with its symbolic links resolved; this directory acts as their root. Components that do not exist stay as they are.
  ///
  /// - Throws: ELOOP after 40 links, as the kernel does.
  @inline(never) public func resolvingLinks(of path: Text) throws(Errno) -> Text {
    // In reverse: the next component is at the end.
    var rest: [Text] = path.split(at: UInt8(ascii: "/")).reversed()
    var resolved: [Text] = []
    var links = 0
    while let component = rest.popLast() {
      if component == "." { continue }
      if component == ".." {
        _ = resolved.popLast()
        continue
      }
      resolved.add(component)
      let place = Text(joining: resolved, separator: "/")
      guard let target = unsafe Self.linkTarget({ buffer, size in unsafe linux_readlink(rawValue, place.cString, buffer, size) }) else { continue }
      links += 1
      if links > 40 { throw .tooManyLinks }
      resolved.removeLast()
      if target.hasPrefix("/") { resolved = [] }
      for component in target.split(at: UInt8(ascii: "/")).reversed() { rest.add(component) }
    }
    return Text(joining: resolved, separator: "/")
  }

  /// Makes a system call that takes a directory and a path, and does not follow the path's last component.
  @discardableResult @inline(never)
  private func at(_ path: Text, _ call: (Int32, UnsafePointer<CChar>) -> Int32) throws(Errno) -> Int32 {
    guard lookup != .anywhere, let slash = path.lastPlace(of: UInt8(ascii: "/")) else {
      return try check(unsafe call(rawValue, path.cString))
    }
    let parent = try open(path[0..<slash], .directory)
    return try check(unsafe call(parent.rawValue, path.dropFirst(slash + 1).cString))
  }
}

// MARK: Looking

extension Directory {
  /// Returns the status of the file at a path, without following its last component. The system call is `fstatat`.
  ///
  /// - Throws: ENOENT if there is none.
  @inline(never) public func status(of path: Text) throws(Errno) -> FileStatus {
    var status = linux_status()
    unsafe try at(path) { unsafe linux_get_status($0, $1, &status) }
    return FileStatus(status)
  }

  /// Returns whether the file exists. With `beneath`, a dangling symbolic link counts as well.
  public func exists(_ path: Text) -> Bool {
    do throws(Errno) {
      switch lookup {
      case .anywhere: unsafe try at(path) { unsafe linux_exists($0, $1) }
      case .inRoot: _ = try open(path, .path)
      case .beneath: _ = try status(of: path)
      }
      return true
    } catch { return false }
  }

  /// Returns the target of a symbolic link; nil if there is none. Cuts a target that exceeds the kernel's limit.
  public func target(ofLink path: Text) -> Text? {
    unsafe Self.linkTarget { buffer, size in
      do throws(Errno) { return Int(unsafe try at(path) { Int32(truncatingIfNeeded: unsafe linux_readlink($0, $1, buffer, size)) }) } catch { return -1 }
    }
  }

  @inline(never) private static func linkTarget(_ read: (UnsafeMutableRawPointer, Int) -> Int) -> Text? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let length = unsafe buffer.withUnsafeMutableBytes { unsafe read($0.baseAddress!, $0.count) }
    return length < 0 ? nil : Text(buffer[..<length])
  }

  /// Returns the names in a directory except `.` and `..`, unsorted; empty if it cannot be read.
  public func names(in path: Text) -> [Text] {
    do throws(Errno) { return try open(path, .toList).names() } catch { return [] }
  }

  /// Reads a small regular file, including the kernel's own below /proc and /sys. Opening any other file may block forever or wake up
  /// hardware, and reading it may never end; so this checks the file before opening it, and again when it is open. /dev/null, which masks
  /// files all over systemd, reads as the empty file that it stands for. The system calls are `openat`, `fstat` and `read`.
  ///
  /// - Throws: EFBIG if the file is larger than `limit` bytes, EISDIR if it is a directory, EOPNOTSUPP if it is any other file without
  ///   contents of its own.
  @inline(never) public func read(_ path: Text, limit: Int = 1 << 20) throws(Errno) -> Text {
    if isNull(path) { return Text() }
    let status = try open(path, .path).status()
    try status.requireRegularFile(limit)
    let file = try open(path, .toRead)
    try file.status().requireRegularFile(limit)
    return try file.readToEnd(limit: limit, expecting: Int(clamping: status.size))
  }

  /// Returns whether reading the file gives nothing: it is empty, or a link to /dev/null.
  @inline(never) public func isEmpty(_ path: Text) -> Bool {
    if isNull(path) { return true }
    do throws(Errno) {
      let status = try open(path, .path).status()
      return status.isRegularFile && status.size == 0
    } catch { return false }
  }

  /// Returns whether the file is /dev/null or, in an image, whose /dev is empty, a link to it.
  private func isNull(_ path: Text) -> Bool {
    do throws(Errno) {
      if lookup == .inRoot { return try resolvingLinks(of: path) == "dev/null" }
      return lookup == .anywhere ? try open(path, .path).status().isNull : false
    } catch { return false }
  }
}

extension FileStatus {
  fileprivate func requireRegularFile(_ limit: Int) throws(Errno) {
    if isDirectory { throw .isDirectory }
    if !isRegularFile { throw .notSupported }
    if size > UInt64(limit) { throw .fileTooLarge }
  }
}

// MARK: Changing

extension Directory {
  /// Creates a file, which must not exist. Removes it again if it cannot be written completely.
  @inline(never) public func create(_ path: Text, contents: Text, mode: UInt32 = 0o644) throws(Errno) {
    let file = FileDescriptor(unsafe try at(path) { unsafe linux_create($0, $1, mode) })
    do throws(Errno) { try file.write(contents) } catch {
      try? remove(path)
      throw error
    }
  }

  /// Opens a log, which is a character device or a regular file. The system call is `openat` with O_APPEND.
  func openLog(_ path: Text) throws(Errno) -> FileDescriptor {
    let status = try open(path, .path).status()
    guard status.isCharacterDevice || status.isRegularFile else { throw .notSupported }
    return FileDescriptor(unsafe try at(path) { unsafe linux_open_to_append($0, $1) })
  }

  /// Makes a directory unless it exists.
  ///
  /// - Throws: ENOTDIR if another file has this name, ELOOP if that is a symbolic link and the lookup is `beneath`.
  @inline(never) public func makeDirectory(_ path: Text, mode: UInt32 = 0o755) throws(Errno) {
    do throws(Errno) { unsafe try at(path) { unsafe linux_mkdir($0, $1, mode) } } catch {
      guard error == .fileExists else { throw error }
      _ = try open(path, .directory)
    }
  }

  /// Makes a directory and its parents unless they exist.
  public func makeDirectories(_ path: Text) throws(Errno) {
    for directory in path.parents + [path] where !exists(directory) { try makeDirectory(directory) }
  }

  @inline(never) public func makeLink(_ path: Text, to target: Text) throws(Errno) {
    unsafe try at(path) { unsafe linux_symlink(target.cString, $0, $1) }
  }

  @inline(never) public func rename(_ path: Text, to newPath: Text) throws(Errno) {
    unsafe try at(path) { directory, name in
      do throws(Errno) { return unsafe try at(newPath) { unsafe linux_rename(directory, name, $0, $1) } } catch { return 0 &- error.rawValue }
    }
  }

  public func remove(_ path: Text) throws(Errno) { unsafe try at(path) { unsafe linux_unlink($0, $1) } }
  public func removeDirectory(_ path: Text) throws(Errno) { unsafe try at(path) { unsafe linux_rmdir($0, $1) } }

  /// Creates a symbolic link atomically, and replaces whatever has its name.
  @inline(never) public func replaceLink(_ path: Text, to target: Text) throws(Errno) {
    // Usually there is nothing to replace, and one call is enough.
    do throws(Errno) { return try makeLink(path, to: target) } catch { guard error == .fileExists else { throw error } }
    try replacing(path) { temporary throws(Errno) in try makeLink(temporary, to: target) }
  }

  /// Creates a file atomically, readable by all and writable by none, and replaces whatever has its name.
  public func replace(_ path: Text, contents: Text) throws(Errno) {
    try replacing(path) { temporary throws(Errno) in try create(temporary, contents: contents, mode: 0o444) }
  }

  /// Lets `make` create a file under a temporary name, then renames it over the path.
  @inline(never) func replacing(_ path: Text, _ make: (_ temporary: Text) throws(Errno) -> Void) throws(Errno) {
    let temporary = path + ".preroot"
    try? remove(temporary)
    do throws(Errno) {
      try make(temporary)
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)
      throw error
    }
  }
}
