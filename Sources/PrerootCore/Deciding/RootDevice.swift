// SPDX-License-Identifier: MIT
/// The root's device, as far as it decides whether an upper fits behind the image on it.
public struct RootDevice: Sendable {
  /// The type of the root's file system.
  public var type: Text
  /// The node in /dev; empty if the root is not on a block device.
  public var node = Text()
  /// The first 4 KiB.
  public var superblock = Text()
  public var bytes: Int64 = 0
  public var isReadOnly = false
  public var hasPartitions = false
  /// Where an upper begins, as written down in an earlier boot; nil if none is. See `Tail`.
  public var recordedStart: Int64?
  /// Whether the user has erased the upper since.
  public var isBlankAtRecordedStart = false

  public init(type: Text) { self.type = type }

  public var placeOfRecord: Int64 { Tail.placeOfRecord(onDeviceOf: bytes) }

  /// The number of bytes that the image takes; nil if its superblock does not say. See linux: squashfs_fs.h, erofs_fs.h.
  var endOfImage: Int64? {
    switch type {
    case "squashfs" where superblock.hasPrefix("hsqs"):
      return Int64(exactly: number(at: 40, bytes: 8)) // bytes_used
    case "erofs" where number(at: 1024, bytes: 4) == 0xe0f5_e1e2:
      // extra_devices: more of the image is on other devices, or behind these blocks.
      if number(at: 1110, bytes: 2) > 0 { return nil }
      let bits = number(at: 1036, bytes: 1) // blkszbits
      var blocks = number(at: 1060, bytes: 4) // blocks_lo
      // EROFS_FEATURE_INCOMPAT_48BIT: rb.blocks_hi
      if number(at: 1104, bytes: 4) & 0x80 != 0 { blocks |= number(at: 1038, bytes: 2) << 32 }
      return bits < 16 && blocks > 0 ? Int64(blocks << bits) : nil
    default: return nil
    }
  }

  /// Returns a number of the superblock, little-endian; 0 if the superblock is too short.
  @inline(never) private func number(at place: Int, bytes: Int) -> UInt64 {
    guard superblock.count >= place + bytes else { return 0 }
    var number: UInt64 = 0
    for index in 0..<bytes { number |= UInt64(superblock[place + index]) << UInt64(8 * index) }
    return number
  }
}
