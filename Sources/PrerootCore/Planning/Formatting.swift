// SPDX-License-Identifier: MIT
/// A file system in the making, so that a power cut leaves a blank device, an unfinished one or a whole file system, and one can
/// tell which.
///
/// No mkfs promises the order of its writes. So there is a marker, written and brought to the disk first and taken away last, in
/// the device's last block, which is left out of the file system: whatever is on the device, with the marker it is unfinished,
/// and as it was blank before, making it can start over.
///
/// The file system's UUID is in the marker. Beside a file system with another one the marker says nothing: somebody made that one
/// since, or has grown it over that block, and the marker is a file's contents. Nor does it beside one that was mounted since.
public struct Formatting: Equatable, Sendable {
  public var device: Text
  public var type: Text
  public var label: Text
  public var uuid: Text
  public var sizeInBytes: Int64

  /// What is kept at the device's end; 64 KiB, so that block devices of any block size keep their alignment.
  public static var reservedBytes: Int64 { 1 << 16 }
  /// The marker's block: within one sector it is written whole or not at all.
  public static var markerBytes: Int { 4096 }

  public init(_ device: Text, type: Text, label: Text, uuid: Text, sizeInBytes: Int64) {
    self.device = device
    self.type = type
    self.label = label
    self.uuid = uuid
    self.sizeInBytes = sizeInBytes
  }

  /// Where the marker is on a device of that size.
  public static func markerPlace(sizeInBytes size: Int64) -> Int64 { (size & ~4095) - 4096 }

  public var marker: Text { Self.start + uuid + "\n" }

  /// The UUID in a marker's block; nil where it holds no marker.
  public static func uuid(inMarker block: Text) -> Text? { block.dropping(prefix: start)?.lines.first }

  private static var start: Text { "preroot is making a file system here: " }

  /// The program and its arguments; nil for a type that it is not known how to make.
  ///
  /// See mke2fs(8): quiet, no questions, its size in KiB. See mkfs.f2fs(8): its size in sectors. Neither discards what is on the device
  /// before: that can take minutes on an SD card, and blank it is.
  public var arguments: [Text]? {
    let isExt4 = type == "ext4"
    guard isExt4 || type == "f2fs" else { return nil }
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
