// SPDX-License-Identifier: MIT
/// The root's device, as far as it decides whether an upper fits behind the image on it.
public struct RootDevice: Equatable, Sendable {
  /// The type of the root's file system.
  public var type: Text
  /// The node in /dev; empty if the root is not on a block device.
  public var node = Text()
  /// The first 4 KiB.
  public var superblock = Text()
  public var bytes: Int64 = 0
  public var isReadOnly = false
  public var hasPartitions = false

  public init(type: Text) { self.type = type }
}

/// Whether there is room for an upper behind the image.
public enum Room: Equatable, Sendable {
  case free(Tail)
  /// Half a sentence that follows the upper's name.
  case none(Text)

  public init(behindImageOn root: RootDevice) {
    if root.node.isEmpty {
      self = .none(Text("needs a root on a block device; the root is ") + root.type)
    } else if root.node.hasPrefix("/dev/mtdblock") {
      self = .none("is not for raw flash, which a block device on it wears out; preroot=mtd:NAME or preroot=ubi0:NAME uses a part of it")
    } else if root.node.hasPrefix("/dev/dm-") {
      self = .none("is not for a mapped device such as dm-verity's, which ends with the image; use another device")
    } else if !root.type.isOne(of: Self.types) {
      self = .none(Text("needs a squashfs or erofs root, which says where it ends; the root is ") + root.type)
    } else if root.hasPartitions {
      self = .none(Text("is not for a disk with partitions, and ") + root.node + " is one; put the image into a partition")
    } else if root.isReadOnly {
      self = .none(Text("needs a writable device, and ") + root.node + " is read-only")
    } else if let end = root.endOfImage, end <= root.bytes {
      let tail = Tail(on: root.node, behind: end, of: root.bytes)
      self = tail.bytes >= Tail.minimumBytes ? .free(tail) : .none(Text("needs 4 MiB behind the image, and on ") + root.node + " there are " + Text(decimal: max(tail.bytes, 0) >> 10) + " KiB")
    } else {
      self = .none(Text("does not find the end of the image on ") + root.node)
    }
  }

  private static var types: Text { "squashfs erofs" }
}

extension RootDevice {
  /// The number of bytes that the image takes; nil if its superblock does not say. See linux: squashfs_fs.h, erofs_fs.h.
  var endOfImage: Int64? {
    switch type {
    case "squashfs":
      guard superblock.hasPrefix("hsqs") else { return nil }
      return Int64(exactly: number(at: 40, bytes: 8)) // bytes_used
    case "erofs":
      guard number(at: 1024, bytes: 4) == 0xe0f5_e1e2 else { return nil }
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
    for byte in superblock[place..<(place + bytes)].reversed() { number = number << 8 | UInt64(byte) }
    return number
  }
}
