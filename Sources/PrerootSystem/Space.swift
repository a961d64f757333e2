import CLinux
import PrerootCore

/// What a file system holds. See statvfs(3).
public struct Space {
  public var totalBytes: Int
  public var freeBytes: Int
  public var freeInodes: Int

  public init(of path: Text) throws(Errno) {
    var total: UInt64 = 0, free: UInt64 = 0, inodes: UInt64 = 0
    try check(unsafe path.withCString { unsafe linux_statvfs($0, &total, &free, &inodes) })
    totalBytes = Int(clamping: total)
    freeBytes = Int(clamping: free)
    freeInodes = Int(clamping: inodes)
  }

  /// Gives a mounted tmpfs another size, in bytes, and leaves the rest of it alone.
  public static func resizeTmpfs(at path: Text, toBytes size: Int) throws(Errno) {
    let data: Text = "size=\(size)"
    try check(unsafe path.withCString { path in unsafe data.withCString { unsafe linux_resize_tmpfs(path, $0) } })
  }
}
