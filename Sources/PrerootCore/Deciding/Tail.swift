// SPDX-License-Identifier: MIT
/// The room behind the image on the root's device, which holds an upper's file system.
///
/// Behind the room is a record of where the file system begins. A new image may be shorter: then the file system is not where the new image
/// ends. Or it is longer, and has overwritten the beginning of the file system. The record is outside of the file system, so that no file's
/// contents can be taken for it, and keeps its place whatever the image's length is.
public struct Tail: Equatable, Sendable {
  public var device: Text
  /// The bytes of the file system.
  public var extent: Range<Int64>
  public var bytes: Int64 { extent.upperBound - extent.lowerBound }
  public var text: Text { device + " " + extent.text }

  /// OpenWrt's alignment, too: a multiple of every page, and of the block of every file system. It covers the padding that mksquashfs adds,
  /// and costs less than a larger one on a device of a few MiB. The size of an SD card's erase blocks is not known.
  static var alignment: Int64 { 1 << 16 }
  /// Less than this is not enough for an ext4 with a journal and what a boot writes.
  public static var minimumBytes: Int64 { 4 << 20 }

  init(on device: Text, behind end: Int64, of bytes: Int64) {
    self.device = device
    let start = Self.aligned(end + Self.alignment - 1)
    extent = start..<max(start, Self.placeOfRecord(deviceOf: bytes))
  }

  private static func aligned(_ place: Int64) -> Int64 { place & ~(alignment - 1) }

  /// Returns the place of the record: not in the last 16 KiB, where a partition table may have its copy.
  static func placeOfRecord(deviceOf bytes: Int64) -> Int64 { aligned(max(bytes - alignment, 0)) }

  /// The record's place on the device.
  public var placeOfRecord: Int64 { extent.upperBound }

  /// Returns the same room for a file system that begins elsewhere; nil if that cannot be.
  func beginning(at start: Int64) -> Tail? {
    guard start == Self.aligned(start), start > extent.lowerBound, extent.upperBound - start >= Self.minimumBytes else { return nil }
    var tail = self
    tail.extent = start..<extent.upperBound
    return tail
  }
}

extension Range<Int64> {
  /// A part of a device.
  var text: Text { Text("from byte ") + Text(decimal: lowerBound) + " to " + Text(decimal: upperBound) }
}

/// Where an upper's file system begins on the root's device, as written down behind it.
public struct TailRecord: Equatable, Sendable {
  public var start: Int64
  /// The file system's UUID; empty if it is unknown.
  public var uuid: Text

  public init(start: Int64, uuid: Text) {
    self.start = start
    self.uuid = uuid
  }

  /// Reads a record's block; nil if it holds none.
  public init?(parsing block: Text) {
    guard let (start, uuid) = block.dropping(prefix: Self.beginning)?.lines.first?.cut(at: UInt8(ascii: " ")), let place = start.wideDecimalValue,
      let place = Int64(exactly: place) else { return nil }
    self.init(start: place, uuid: uuid)
  }

  /// It fits into one sector, so it is written entirely or not at all.
  public var text: Text { Self.beginning + Text(decimal: start) + " " + uuid + "\n" }

  private static var beginning: Text { "preroot's upper begins at byte " }
}

/// The contents of the room.
public struct TailContents: Equatable, Sendable {
  /// At the room's start; nil if it could not be probed. The same for `atRecord`.
  public var atStart: Probe?
  public var record: TailRecord?
  /// At the record's start, if that is behind the room's.
  public var atRecord: Probe?

  public init(atStart: Probe?, record: TailRecord? = nil, atRecord: Probe? = nil) {
    self.atStart = atStart
    self.record = record
    self.atRecord = atRecord
  }
}

/// How to use the room, according to its contents.
public struct TailUse: Equatable, Sendable {
  /// Its start is that of the file system.
  public var tail: Tail
  public var use: DeviceUse
  /// Whether the record has to be written.
  public var isToBeRecorded = true

  public init(_ room: Tail, _ contents: TailContents, _ settings: Settings) {
    tail = room
    if let record = contents.record, record.start < room.extent.lowerBound, contents.atStart != .unfinished {
      // It is in the middle of the old file system: a file's contents, which may look like another, or unused and blank. Chance does not decide.
      let isGivenUp = settings.onLowerChange == .reset || settings.onLowerChange == .new
      use = isGivenUp ? DeviceUse(.blank, settings) : .refuse(Self.overwritten)
      return
    }
    var probe = contents.atStart
    if let record = contents.record, let moved = room.beginning(at: record.start), contents.atRecord?.uuid == record.uuid, !record.uuid.isEmpty {
      tail = moved
      probe = contents.atRecord
    }
    use = DeviceUse(probe, settings)
    if let record = contents.record, record.start == tail.extent.lowerBound, record.uuid == probe?.uuid ?? record.uuid { isToBeRecorded = false }
  }

  static var overwritten: Text {
    "was overwritten at its beginning by a longer image; preroot.on-lower-change=reset with preroot.format=blank starts a new one"
  }
}

extension Probe {
  /// The UUID of a file system; empty if it has none.
  fileprivate var uuid: Text {
    if case .signature(let signature) = self { signature.uuid } else { Text() }
  }
}
