// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The status of a file. The fields have the names of stat(2).
public struct FileStatus: Equatable, Sendable {
  public let device: UInt64
  public let inode: UInt64
  public let size: UInt64
  public let modifiedNanoseconds: Int64
  public let mode: UInt32
  public let owner: UInt32
  public let group: UInt32
  public let links: UInt32
  let inodeDevice: UInt64

  init(_ status: linux_status) {
    device = status.device
    inode = status.inode
    size = status.size
    modifiedNanoseconds = status.modified_nanoseconds
    mode = status.mode
    owner = status.owner
    group = status.group
    links = status.links
    inodeDevice = status.inode_device
  }

  /// Does not follow symbolic links.
  ///
  /// - Throws: ENOENT if there is no such file.
  @inline(never) public init(of path: Text) throws(Errno) {
    var status = linux_status()
    try check(unsafe linux_get_status(LINUX_CURRENT_DIRECTORY, path.cString, &status))
    self.init(status)
  }

  private var type: UInt32 { mode & 0o170000 }

  public var isDirectory: Bool { type == 0o040000 }
  public var isRegularFile: Bool { type == 0o100000 }
  public var isSymbolicLink: Bool { type == 0o120000 }
  public var isCharacterDevice: Bool { type == 0o020000 }
  /// /dev/null, 1:3. See makedev(3), linux: Documentation/admin-guide/devices.txt.
  public var isNull: Bool { isCharacterDevice && inodeDevice == 0x103 }
  /// Whether overlayfs hides a file of the lower with this one: a character device 0:0.
  public var isWhiteout: Bool { isCharacterDevice && inodeDevice == 0 }

  /// Identifies the file on this machine.
  var identity: Text { Text(decimal: Int(truncatingIfNeeded: device)) + ":" + Text(decimal: Int(truncatingIfNeeded: inode)) }
  public func hasOwnerAndMode(of other: FileStatus) -> Bool { mode == other.mode && owner == other.owner && group == other.group }

  /// Returns whether the two files have the same metadata; does not compare their contents.
  public func looksLike(_ other: FileStatus) -> Bool {
    hasOwnerAndMode(of: other) && inodeDevice == other.inodeDevice && size == other.size && modifiedNanoseconds == other.modifiedNanoseconds
  }

  /// Returns the beginning of an extended attribute; nil if the file has none of this name, or it is not visible. See lgetxattr(2).
  @inline(never) static func attribute(_ name: Text, of path: Text) -> Text? {
    var buffer = [UInt8](repeating: 0, count: 64)
    do throws(Errno) {
      let length = try check(unsafe buffer.withUnsafeMutableBytes { unsafe linux_get_attribute(path.cString, name.cString, $0.baseAddress!, $0.count) })
      return Text(buffer[..<length])
    } catch {
      // ERANGE: the value is longer than any that preroot asks for.
      return error == .outOfRange ? Text() : nil
    }
  }
}
