// SPDX-License-Identifier: MIT
/// The room behind the image on the root's device, as an upper's device.
///
/// Behind the room is a record of where the upper begins. A new image may be shorter: then the upper is not where the image ends. Or it is
/// longer, and has overwritten the upper's beginning. The record is outside of the upper, so that no file's contents can be taken for it,
/// and its place does not depend on the image. It is written when the upper has been mounted: a record means that one was there.
public struct Tail: Equatable, Sendable {
  /// The root's device.
  public var device: Text
  /// The upper's bytes.
  public var extent: Range<Int64>
  /// Whether it is in the middle of an older upper, which a longer image has overwritten and the settings give up. Then it is erased first.
  public var isInsideOlder = false
  /// Whether there is a record of it.
  public var isRecorded = false

  public var text: Text { device + " from byte " + Text(decimal: extent.lowerBound) + " to " + Text(decimal: extent.upperBound) }

  /// OpenWrt's alignment, too: a multiple of every page, and of the block of every file system. It covers the padding that mksquashfs adds,
  /// and costs less than a larger one on a device of a few MiB.
  private static var alignment: Int64 { 1 << 16 }
  /// Less than this is not enough for an ext4 with a journal and what a boot writes.
  private static var minimumBytes: Int64 { 4 << 20 }

  /// The room behind an image that ends at `end`.
  init(on root: RootDevice, behind end: Int64) {
    device = root.node
    let start = Self.aligned(end + Self.alignment - 1)
    extent = start..<max(start, root.placeOfRecord)
  }

  private static func aligned(_ place: Int64) -> Int64 { place & ~(alignment - 1) }

  /// Returns the place of the record: the last whole 64 KiB.
  public static func placeOfRecord(onDeviceOf bytes: Int64) -> Int64 { aligned(max(bytes - alignment, 0)) }

  /// The upper's bytes, as a step has them: `START+SIZE`.
  var part: Text { Text(decimal: extent.lowerBound) + "+" + Text(decimal: bytes) }

  /// Reads a step's part of a device.
  public static func extent(ofPart part: Text) -> (start: Int64, bytes: Int64)? {
    guard let (start, bytes) = part.cut(at: UInt8(ascii: "+")), let start = start.int64, let bytes = bytes.int64 else { return nil }
    return (start, bytes)
  }

  fileprivate var bytes: Int64 { extent.upperBound - extent.lowerBound }
  fileprivate var isLargeEnough: Bool { bytes >= Self.minimumBytes }

  /// The record. It fits into one sector, so it is written entirely or not at all.
  public var record: Text { Self.recordStart + Text(decimal: extent.lowerBound) + "\n" }

  /// Returns where the upper begins, according to a record's block; nil if the block holds no record.
  public static func start(inRecord block: Text) -> Int64? {
    guard let start = block.dropping(prefix: recordStart)?.lines.first?.int64, start == aligned(start) else { return nil }
    return start
  }

  private static var recordStart: Text { "preroot's upper begins at byte " }
}

extension Text {
  fileprivate var int64: Int64? { wideDecimalValue.flatMap { Int64(exactly: $0) } }
}

/// How to use the room behind the image.
public enum TailUse: Equatable, Sendable {
  case open(Tail)
  /// Leave the device alone; half a sentence that follows the upper's name.
  case refuse(Text)

  public init(_ root: RootDevice, _ settings: Settings) {
    if root.node.isEmpty {
      self = .refuse(Text("needs a root on a block device; the root is ") + root.type)
    } else if root.node.hasPrefix("/dev/mtdblock") {
      self = .refuse("is not for raw flash, which a block device on it wears out; preroot=mtd:NAME or preroot=ubi0:NAME uses a part of it")
    } else if root.hasPartitions {
      self = .refuse(Text("is not for a disk with partitions, and ") + root.node + " is one; put the image into a partition")
    } else if root.isReadOnly {
      self = .refuse(Text("needs a writable device, and ") + root.node + " is read-only")
    } else if let end = root.endOfImage, end > 0, end <= root.bytes {
      self.init(Tail(on: root, behind: end), root, settings)
    } else {
      self = .refuse(Text("needs a squashfs or erofs root, which says where it ends; the root is ") + root.type)
    }
  }

  private init(_ room: Tail, _ root: RootDevice, _ settings: Settings) {
    var tail = room
    if let start = root.recordedStart {
      tail.isRecorded = start == room.extent.lowerBound
      if start < room.extent.lowerBound {
        // What is at the room's start is in the middle of the old upper: whatever it looks like means nothing.
        guard settings.formatsBlank, settings.onLowerChange == .reset || settings.onLowerChange == .new else {
          self = .refuse("was overwritten at its beginning by a longer image; preroot.on-lower-change=reset with preroot.format=blank starts a new one")
          return
        }
        tail.isInsideOlder = true
      } else if start < room.extent.upperBound, !root.isBlankAtRecordedStart {
        tail.extent = start..<room.extent.upperBound
        tail.isRecorded = true
      }
    }
    self = tail.isLargeEnough ? .open(tail) : .refuse(
      Text("needs 4 MiB behind the image, and on ") + tail.device + " there are " + Text(decimal: tail.bytes >> 10) + " KiB")
  }
}
