import CLinux
import PrerootCore

/// What a file is, links not followed. See stat(2), whose words the fields have.
public struct FileStatus: Equatable, Sendable {
  public var device: UInt64 = 0
  public var size: UInt64 = 0
  public var modifiedNanoseconds: Int64 = 0
  public var mode: UInt32 = 0
  public var owner: UInt32 = 0
  public var group: UInt32 = 0
  private var inode: UInt64 = 0
  private var inodeDevice: UInt64 = 0

  /// - Throws: ENOENT where there is none.
  @inline(never) init(of path: Text, in directory: borrowing FileDescriptor) throws(Errno) {
    var status = linux_status()
    unsafe try directory.at(path) { unsafe linux_get_status($0, $1, &status) }
    device = status.device
    inode = status.inode
    size = status.size
    modifiedNanoseconds = status.modified_nanoseconds
    mode = status.mode
    owner = status.owner
    group = status.group
    inodeDevice = status.inode_device
  }

  private static var typeMask: UInt32 { 0o170000 }

  public var isDirectory: Bool { mode & Self.typeMask == 0o040000 }
  /// How overlayfs hides a file of the lower: a character device 0:0.
  public var isWhiteout: Bool { mode & Self.typeMask == 0o020000 && inodeDevice == 0 }

  /// The same for the same file.
  var identity: Text { Text(decimal: Int(truncatingIfNeeded: device)) + ":" + Text(decimal: Int(truncatingIfNeeded: inode)) }
  public func hasOwnerAndMode(of other: FileStatus) -> Bool { mode == other.mode && owner == other.owner && group == other.group }

  /// Whether nothing tells the two files apart, their contents not looked at.
  public func looksLike(_ other: FileStatus) -> Bool {
    hasOwnerAndMode(of: other) && inodeDevice == other.inodeDevice && size == other.size && modifiedNanoseconds == other.modifiedNanoseconds
  }

  /// The beginning of an attribute of a file; nil where it has none of this name, or it is not to be seen. See lgetxattr(2).
  @inline(never) static func attribute(_ name: StaticString, of path: Text) -> Text? {
    var buffer = [UInt8](repeating: 0, count: 64)
    let size = buffer.count
    do throws(Errno) {
      let length = unsafe try with(path, Text(stringLiteral: name)) { path, name in
        unsafe buffer.withUnsafeMutableBytes { Int32(truncatingIfNeeded: unsafe linux_get_attribute(path, name, $0.baseAddress!, size)) }
      }
      return Text(buffer[..<Int(length)])
    } catch {
      // Longer than anything that is asked for.
      return error == .outOfRange ? Text() : nil
    }
  }
}
