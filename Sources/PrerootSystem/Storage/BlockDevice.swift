// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// An open block device, or a file in its place, or a part of it.
///
/// libblkid identifies its contents: it recognizes some eighty kinds, more than a list of preroot's own would. preroot loads it on
/// demand.
public struct BlockDevice: ~Copyable {
  let file: FileDescriptor
  /// The part of it; empty for all of it.
  private let extent: Range<Int64>
  var start: Int64 { extent.lowerBound }

  /// The number of bytes that must be erased before a device counts as blank. Every file system has some of its data here.
  static var blankBytes: Int64 { 1 << 20 }

  init(_ path: Text) throws(Errno) { try self.init(path, LINUX_DEVICE_TO_READ) }

  /// Opens it exclusively for writing; fails with EBUSY if it is mounted. See open(2), O_EXCL.
  init(toWrite path: Text) throws(Errno) { try self.init(path, LINUX_DEVICE_TO_WRITE) }

  /// Opens it for writing although it is in use.
  init(toShare path: Text) throws(Errno) { try self.init(path, LINUX_DEVICE_TO_SHARE) }

  init(_ path: Text, on machine: borrowing Machine) throws(Errno) {
    try self.init(path.asRelative, LINUX_DEVICE_TO_READ, from: machine.root.rawValue)
  }

  @inline(never) private init(
    _ path: Text, _ how: Int32, _ extent: Range<Int64> = 0..<0, from directory: Int32 = LINUX_CURRENT_DIRECTORY
  ) throws(Errno) {
    file = FileDescriptor(try check(unsafe linux_open_device(directory, path.cString, how)))
    self.extent = extent
  }

  var size: Int64 {
    get throws(Errno) { extent.isEmpty ? try check(linux_size(file.rawValue)) : extent.upperBound - extent.lowerBound }
  }

  /// Probes the device at `path`, or a part of it.
  ///
  /// - Throws: ELIBACC if libblkid is unavailable.
  public static func probe(_ path: Text, _ extent: Range<Int64> = 0..<0) throws(Errno) -> Probe {
    try BlockDevice(path, LINUX_DEVICE_TO_READ, extent).probe()
  }

  private func probe() throws(Errno) -> Probe {
    let (result, properties) = try look()
    let found = result == LINUX_PROBE_FOUND ? Signature(properties: properties) : nil
    // Next to a signature the claim is void: someone has made something else of the device, and a file system may leave its first sector.
    if found == nil, result != LINUX_PROBE_AMBIVALENT, try beginning.hasPrefix(Encryption.claim) { return .claimed }
    if let uuid = try unfinishedUUID() {
      guard let found else { return .unfinished }
      if found.uuid == uuid {
        let isInUse = found.type == "ext4" ? try wasMounted() : false
        if !isInUse { return .unfinished }
      }
    }
    if let found { return .signature(found) }
    if result == LINUX_PROBE_AMBIVALENT { return .ambivalent }
    return try isErased(from: 0) ? .blank : .unknown
  }

  func isErased(from place: Int64) throws(Errno) -> Bool { try check(linux_is_erased(file.rawValue, start + place, Self.blankBytes)) == 1 }

  /// Returns libblkid's result as lines `NAME=value`. See `linux_probe`.
  func look(atEntry isEntry: Bool = false) throws(Errno) -> (result: Int32, properties: Text) {
    var buffer = [UInt8](repeating: 0, count: 1024)
    let result = try check(unsafe buffer.withUnsafeMutableBytes {
      unsafe linux_probe(file.rawValue, isEntry ? 1 : 0, start, extent.upperBound - start, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    })
    return (result, Text(buffer[..<(buffer.firstIndex(of: 0) ?? buffer.count)]))
  }
}
