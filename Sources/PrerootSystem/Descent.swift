// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// A directory tree walk: down by names that are not symbolic links, and up again. At any depth, only one descriptor is open, and no path
/// exceeds the kernel's limit.
public struct Descent: ~Copyable {
  private(set) var directory: FileDescriptor
  /// The identities of the parent directories. They are verified on the way up, because another process may move a directory.
  private var above: [Text] = []
  /// The number of levels below `directory` that do not exist.
  private var missing = 0
  /// The device of the starting directory.
  public let device: UInt64
  private let staysOnDevice: Bool

  /// - Parameter staysOnDevice: whether to treat mount points below as absent.
  public init(from path: Text, staysOnDevice: Bool = false) throws(Errno) {
    let start = FileDescriptor(try check(unsafe linux_open_component(LINUX_CURRENT_DIRECTORY, path.cString, LINUX_OPEN_TO_LIST)))
    let device = try start.status().device
    self.init(directory: start, device: device, staysOnDevice: staysOnDevice)
  }

  // Sets all members at once: Swift 6.2 releases too much if an initializer throws in between.
  private init(directory: consuming FileDescriptor, device: UInt64, staysOnDevice: Bool) {
    self.directory = directory
    self.device = device
    self.staysOnDevice = staysOnDevice
  }

  /// Whether the current directory exists.
  public var isPresent: Bool { missing == 0 }

  /// Goes down one level, even if there is no such directory.
  @inline(never) public mutating func enter(_ name: Text) throws(Errno) {
    if missing == 0 {
      do throws(Errno) {
        let here = try directory.status().identity
        let next = try directory.directory(name)
        let status = try next.status()
        if !staysOnDevice || status.device == device {
          above.add(here)
          directory = next
          return
        }
      } catch {
        guard error.isAbsence else { throw error }
      }
    }
    missing += 1
  }

  /// Goes up one level.
  ///
  /// - Throws: ESTALE if another process has moved the directory.
  @inline(never) public mutating func leave() throws(Errno) {
    if missing > 0 {
      missing -= 1
      return
    }
    let parent = try directory.directory("..")
    guard let expected = above.popLast(), try parent.status().identity == expected else { throw .staleFileHandle }
    directory = parent
  }

  /// Returns the names in the directory; empty if it does not exist.
  @inline(never) public func names() throws(Errno) -> [Text] { missing > 0 ? [] : try directory.names() }

  /// Returns the status of a file in the directory; nil if it does not exist.
  @inline(never) public func status(of name: Text) throws(Errno) -> FileStatus? {
    if missing > 0 { return nil }
    do throws(Errno) { return try directory.status(of: name) } catch {
      guard error.isAbsence else { throw error }
      return nil
    }
  }

  /// The path of the directory, for the system calls on extended attributes: they take no directory, and fgetxattr(2) rejects O_PATH
  /// descriptors.
  var path: Text { Text("/proc/self/fd/") + Text(decimal: Int(directory.rawValue)) + "/" }

  /// Returns the beginning of an extended attribute of a file in the directory; nil if it has none.
  @inline(never) public func attribute(_ attribute: Text, of name: Text) -> Text? { FileStatus.attribute(attribute, of: path + name) }
}

extension FileDescriptor {
  /// Opens a subdirectory; a symbolic link is an error.
  fileprivate func directory(_ name: Text) throws(Errno) -> FileDescriptor {
    FileDescriptor(try check(unsafe linux_open_component(rawValue, name.cString, LINUX_OPEN_TO_LIST)))
  }
}

extension Errno {
  /// Whether the name is not a directory: it does not exist, or is a link or a file.
  fileprivate var isAbsence: Bool { self == .noSuchFileOrDirectory || self == .notDirectory || self == .tooManyLinks }
}
