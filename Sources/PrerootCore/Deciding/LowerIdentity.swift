// SPDX-License-Identifier: MIT
/// The identity of the image below the overlay: equal for the same image, different for any other.
public struct LowerIdentity: Equatable, Sendable {
  public var text: Text

  /// - Parameters:
  ///   - superblock: the first 4 KiB of the root's device.
  ///   - rootHash: dm-verity's root hash; empty if there is none.
  ///   - imageVersion: IMAGE_VERSION= of os-release(5), with its quotes; empty if there is none.
  /// - Returns: nil if nothing distinguishes this image from another.
  public init?(type: Text, superblock: Text, rootHash: Text, imageVersion: Text) {
    text = type
    if !rootHash.isEmpty { text.append(Text(" ") + rootHash) } else { add(superblock, of: type) }
    if !imageVersion.isEmpty { text.append(Text(" ") + imageVersion) }
    if text == type { return nil }
  }

  /// Adds the fields that differ between images and that use does not change. See linux: squashfs_fs.h, erofs_fs.h, ext4.h.
  private mutating func add(_ superblock: Text, of type: Text) {
    switch type {
    case "squashfs":
      add(superblock, from: 4, to: 12) // inodes, mkfs_time
      add(superblock, from: 40, to: 48) // bytes_used
    case "erofs":
      add(superblock, from: 1028, to: 1032) // checksum
      add(superblock, from: 1048, to: 1056) // build_time
      add(superblock, from: 1072, to: 1088) // uuid
    case "ext4", "ext3", "ext2":
      add(superblock, from: 1128, to: 1144) // s_uuid
      add(superblock, from: 1288, to: 1292) // s_mkfs_time
    default: break
    }
  }

  @inline(never) private mutating func add(_ superblock: Text, from start: Int, to end: Int) {
    if superblock.count < end { return }
    text.append(" ")
    for byte in superblock[start..<end] { text.append(Text(hexadecimal: byte)) }
  }

  /// A short name that is valid as a file name: FNV-1a, 64 bits.
  public var name: Text {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var name = Text()
    for shift in 0..<8 { name.append(Text(hexadecimal: UInt8(truncatingIfNeeded: hash >> (56 - 8 * UInt64(shift))))) }
    return name
  }

  /// Returns the root hash of a dm-verity device on the kernel command line, in the table of dm-mod.create= or in roothash=; empty if there
  /// is none. See linux: Documentation/admin-guide/device-mapper/{dm-init,verity}.rst.
  public static func rootHash(on commandLine: KernelCommandLine) -> Text {
    for word in commandLine.words {
      if word.isKey("roothash"), let hash = word.value { return hash }
      guard word.isKey("dm-mod.create"), let table = word.value else { continue }
      let fields = table.words
      // … verity VERSION DATA HASH DATA-SIZE HASH-SIZE BLOCKS START ALGORITHM DIGEST SALT
      for place in fields.indices where fields[place] == "verity" && place + 9 < fields.count { return fields[place + 9] }
    }
    return Text()
  }
}
