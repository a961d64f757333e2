// SPDX-License-Identifier: MIT
/// A node of UBIFS. See linux: fs/ubifs/ubifs-media.h.
public enum UbifsNode: Equatable, Sendable {
  /// - Parameter logBlocks: the number of eraseblocks of the log.
  case superblock(logBlocks: Int)
  case commitStart

  /// The size of the longest of them.
  public static var bytes: Int { 4096 }

  /// Reads the node that `bytes` begin with; nil if it is of another kind, or was not written whole.
  public init?(_ bytes: [UInt8]) {
    guard Self.isBegun(in: bytes), bytes.count >= 24 else { return nil }
    let length = Int(truncatingIfNeeded: Self.number(bytes, at: 16))
    guard length >= 24, length <= bytes.count, Self.number(bytes, at: 4) == Self.checksum(bytes[8..<length]) else { return nil }
    switch bytes[20] {
    case 6 where length >= 60: self = .superblock(logBlocks: Int(truncatingIfNeeded: Self.number(bytes, at: 56)))
    case 10: self = .commitStart
    default: return nil
    }
  }

  /// Whether `bytes` begin as every node does.
  public static func isBegun(in bytes: [UInt8]) -> Bool { bytes.count >= 4 && number(bytes, at: 0) == 0x0610_1831 }

  private static func number(_ bytes: [UInt8], at place: Int) -> UInt32 {
    UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2]) << 16 | UInt32(bytes[place + 3]) << 24
  }

  /// CRC-32 without the final inversion, as of crc32_le() in the kernel.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var sum: UInt32 = 0xffff_ffff
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xedb8_8320 }
    }
    return sum
  }
}
