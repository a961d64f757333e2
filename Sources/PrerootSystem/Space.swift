// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The size and the free space of a file system. See statvfs(3).
public struct Space {
  public var totalBytes: Int64
  public var freeBytes: Int64
  public var freeInodes: Int
  /// In KiB: an Int has 32 bits on some machines and cannot hold every number of bytes.
  public var totalKilobytes: Int
  public var freeKilobytes: Int

  public init(of path: Text) throws(Errno) {
    var total: UInt64 = 0, free: UInt64 = 0, inodes: UInt64 = 0
    try check(unsafe linux_statvfs(path.cString, &total, &free, &inodes))
    totalBytes = Int64(clamping: total)
    freeBytes = Int64(clamping: free)
    freeInodes = Int(clamping: inodes)
    totalKilobytes = Int(clamping: total >> 10)
    freeKilobytes = Int(clamping: free >> 10)
  }

  /// Resizes a mounted tmpfs, in bytes, and changes nothing else.
  public static func resizeTmpfs(at path: Text, toBytes size: Int64) throws(Errno) {
    try check(unsafe linux_resize_tmpfs(path.cString, (Text("size=") + Text(decimal: size)).cString))
  }
}
