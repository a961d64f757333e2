// SPDX-License-Identifier: MIT
/// What shows whether the file system on a UBI volume was ever finished.
///
/// The kernel creates a UBIFS on an empty volume when it mounts it first. A power cut in between leaves a volume that no kernel mounts. The
/// kernel writes LEB properties, superblock, root directory, index, master nodes and the log's first node, in this order. So a file system that
/// was never finished has nothing in its log. A finished one always has, because a commit starts a new block of the log before it drops
/// the old ones. See linux: fs/ubifs/sb.c, create_default_filesystem(); fs/ubifs/log.c.
public struct VolumeFacts: Equatable, Sendable {
  /// Logical eraseblocks of UBIFS. See linux: fs/ubifs/ubifs-media.h.
  public enum Block { public static var superblock: Int { 0 }; public static var masters: Range<Int> { 1..<3 }; public static var log: Int { 3 } }

  public enum Superblock: Equatable, Sendable {
    /// The block is unmapped.
    case unwritten
    /// It begins as UBIFS does, is erased, or has an error that the flash memory cannot correct.
    case torn
    case whole
    /// Something else is there.
    case foreign
  }

  /// Whether an update, as of ubiupdatevol(1), or preroot's own emptying of the volume was interrupted. UBI lets nobody read such a volume.
  public var isUpdateUnfinished = false
  /// The number of blocks that have data. Not all are counted if there are more than ``mostCreated``.
  public var mappedCount = 0
  public var superblock = Superblock.unwritten
  public var areMastersMapped = false
  /// The number of the log's blocks that have data; without a whole superblock only the first is known.
  public var logCount = 0
  /// Whether the log's first block begins with a whole node.
  public var isLogBegun = false

  public init() {}

  /// Whether nothing on the volume can be of use. Data that is not of UBIFS is not unfinished.
  public var isUnfinished: Bool {
    if isUpdateUnfinished { return true }
    if mappedCount == 0 || mappedCount > Self.mostCreated { return false }
    switch superblock {
    case .unwritten: return !areMastersMapped && logCount == 0
    // The LEB properties are somewhere.
    case .torn: return !areMastersMapped && logCount == 0 && mappedCount > 1
    case .whole: return logCount == 0 || logCount == 1 && !isLogBegun
    case .foreign: return false
    }
  }

  /// What the kernel writes at first: one block each for superblock, root directory, index and log, two for the master node, and a few for the
  /// LEB properties, three if the volume has 4 GiB.
  public static var mostCreated: Int { 16 }
}
