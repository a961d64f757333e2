// SPDX-License-Identifier: MIT
/// The creation of a file system. A power cut leaves a blank device, an unfinished file system or a complete one, and preroot can tell
/// which.
///
/// No mkfs guarantees the order of its writes. So preroot first writes and flushes a marker, and removes it last. The marker is in the
/// device's last block, which the file system leaves out. A device with the marker is unfinished, whatever else it holds; because it was
/// blank before, preroot can start over.
///
/// The marker contains the file system's UUID. Next to a file system with another UUID the marker is void: someone created that file system
/// since, or has grown it over that block, and the marker is a file's contents. It is also void next to a file system that has been
/// mounted since.
public struct Formatting: Equatable, Sendable {
  public var device: Text
  public var type: Text
  public var label: Text
  public var uuid: Text
  public var sizeInBytes: Int64

  /// The space reserved at the device's end: 64 KiB, so that the file system stays aligned to any block size.
  public static var reservedBytes: Int64 { 1 << 16 }
  /// The size of the marker's block. The marker fits into one sector, so it is written entirely or not at all.
  public static var markerBytes: Int { 4096 }

  public init(_ device: Text, type: Text, label: Text, uuid: Text, sizeInBytes: Int64) {
    self.device = device
    self.type = type
    self.label = label
    self.uuid = uuid
    self.sizeInBytes = sizeInBytes
  }

  /// Returns the marker's place on a device of this size.
  public static func markerPlace(sizeInBytes size: Int64) -> Int64 { (size & ~4095) - 4096 }

  public var marker: Text { Self.start + uuid + "\n" }

  /// Returns the UUID in a marker's block; nil if the block holds no marker.
  public static func uuid(inMarker block: Text) -> Text? { block.dropping(prefix: start)?.lines.first }

  private static var start: Text { "preroot is making a file system here: " }

  /// The program and its arguments; nil for a type that preroot cannot create.
  ///
  /// See mke2fs(8): quiet, no questions, the size in KiB. See mkfs.f2fs(8): the size in sectors. Neither discards the device's blocks first:
  /// that can take minutes on an SD card, and the device is blank.
  public var arguments: [Text]? {
    let isExt4 = type == "ext4"
    guard type.isOne(of: DeviceUse.makesTypes) else { return nil }
    let kibibytes = (sizeInBytes - Self.reservedBytes) >> 10
    var arguments = (isExt4 ? Text("mkfs.ext4 -q -F -E nodiscard -U") : "mkfs.f2fs -q -f -t 0 -U").words
    arguments.add(uuid)
    arguments.add(isExt4 ? "-L" : "-l")
    arguments.add(label)
    arguments.add(device)
    arguments.add(isExt4 ? Text(decimal: kibibytes) + "k" : Text(decimal: kibibytes * 2))
    return arguments
  }
}
