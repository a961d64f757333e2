// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension BlockDevice {
  /// Creates a file system on a blank or unfinished device. The caller has probed it.
  ///
  /// - Throws: EINVAL for a type that preroot cannot create, EBUSY if the device is in use, EIO if mkfs created something other than the
  ///   requested file system.
  /// - Returns: how mkfs ended. If it failed, or if this throws, the device stays unfinished.
  public static func format(
    _ device: Text, type: Text, label: Text, limitMicroseconds: Int64
  ) throws(Errno) -> Program.Outcome {
    let blank = try BlockDevice(device)
    let size = try blank.size
    // An unfinished file system keeps its UUID: with a different one, its remnants would count as finished.
    var uuid = try blank.unfinishedUUID() ?? Text()
    if uuid.isEmpty { uuid = try newUUID() }
    guard size > 2 * Formatting.reservedBytes else { throw .noSpace }
    let formatting = Formatting(device, type: type, label: label, uuid: uuid, sizeInBytes: size)
    guard let arguments = formatting.arguments else { throw .invalidArgument }
    try BlockDevice(toWrite: device).writeMarker(formatting.marker)
    let outcome = try Program.run(arguments, limitMicroseconds: limitMicroseconds)
    if outcome.isSuccess {
      // mkfs flushes its writes, too, but this does not rely on it.
      try Directory("/").sync(device)
      let made = try BlockDevice(toWrite: device)
      let (result, properties) = try made.look()
      let signature = Signature(properties: properties)
      guard result == LINUX_PROBE_FOUND, signature.type == type, signature.uuid == uuid else { throw .inputOutput }
      try made.writeMarker(Text())
    }
    return outcome
  }

  /// Marks the file system on a device as unfinished, then erases what is at its beginning.
  static func begin(_ device: Text) throws(Errno) {
    let blank = try BlockDevice(toWrite: device)
    if try blank.unfinishedUUID() == nil {
      try blank.writeMarker(Formatting(device, type: Text(), label: Text(), uuid: try Self.newUUID(), sizeInBytes: try blank.size).marker)
    }
    if try check(linux_is_erased(blank.file.rawValue, blank.start, Self.blankBytes)) == 1 { return }
    var place: Int64 = 0
    while place < Self.blankBytes {
      try blank.write(Text(), at: place)
      place += Int64(Formatting.markerBytes)
    }
    try check(linux_sync_file(blank.file.rawValue))
  }

  private static func newUUID() throws(Errno) -> Text { try Directory("/").read("/proc/sys/kernel/random/uuid").trimmed }

  /// Writes the marker's block, padded with zeros, and returns when it is on the disk.
  @inline(never) func writeMarker(_ text: Text) throws(Errno) {
    try write(text, at: Formatting.markerPlace(sizeInBytes: try size))
    try check(linux_sync_file(file.rawValue))
  }

  /// Writes a block of 4 KiB, padded with zeros.
  @inline(never) func write(_ text: Text, at place: Int64) throws(Errno) {
    var block = [UInt8](repeating: 0, count: Formatting.markerBytes)
    for place in text.indices { block[place] = text[place] }
    let count = try check(unsafe block.withUnsafeBytes {
      unsafe linux_write_at(file.rawValue, $0.baseAddress!, $0.count, start + place)
    })
    guard count == block.count else { throw .noSpace }
  }

  /// Returns the UUID in the marker; nil if there is no marker.
  func unfinishedUUID() throws(Errno) -> Text? {
    let place = Formatting.markerPlace(sizeInBytes: try size)
    if place < 0 { return nil }
    var block = [UInt8](repeating: 0, count: 512)
    try read(&block, at: place)
    return Formatting.uuid(inMarker: Text(block))
  }

  /// Returns whether an ext4 was ever mounted read-write. Then it is finished, even if a disk has lost the marker's removal. The field is
  /// s_mtime. See linux: Documentation/filesystems/ext4/super.rst.
  func wasMounted() throws(Errno) -> Bool {
    var time: [UInt8] = [0, 0, 0, 0]
    try read(&time, at: 1024 + 0x2c)
    return time[0] | time[1] | time[2] | time[3] != 0
  }

  @inline(never) func read(_ block: inout [UInt8], at place: Int64) throws(Errno) {
    try check(unsafe block.withUnsafeMutableBytes { unsafe linux_read_at(file.rawValue, $0.baseAddress!, $0.count, start + place) })
  }
}
