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
    let (size, uuid) = try sizeAndUUID(of: device)
    guard size > 2 * Formatting.reservedBytes else { throw .noSpace }
    let formatting = Formatting(device, type: type, label: label, uuid: uuid, sizeInBytes: size)
    guard let arguments = formatting.arguments else { throw .invalidArgument }
    try BlockDevice(toWrite: device).writeMarker(formatting.marker)
    let outcome = try Program.run(arguments, limitMicroseconds: limitMicroseconds)
    if outcome.isSuccess { try verify(device, type: type, uuid: uuid).writeMarker(Text()) }
    return outcome
  }

  /// Makes a LUKS header on a blank or unfinished device. The caller has probed it.
  ///
  /// The device stays unfinished, until a file system is being made in it: the last block of the opened device is this device's last block,
  /// so that the marker of `format` replaces this one.
  ///
  /// - Throws: EINVAL if there is no header for this encryption, EIO if the program made something else.
  public static func encrypt(_ device: Text, _ crypt: Crypt, limitMicroseconds: Int64) throws(Errno) -> Program.Outcome {
    let (size, uuid) = try sizeAndUUID(of: device)
    guard let arguments = Encryption(device, crypt).header(uuid: uuid) else { throw .invalidArgument }
    try BlockDevice(toWrite: device).writeMarker(Formatting(device, type: CryptUse.luks, label: Text(), uuid: uuid, sizeInBytes: size).marker)
    let outcome = try Program.run(arguments, limitMicroseconds: limitMicroseconds)
    if outcome.isSuccess { _ = try verify(device, type: CryptUse.luks, uuid: uuid) }
    return outcome
  }

  /// Writes the claim to the first sector of a blank device, and returns when it is on the disk.
  public static func claim(_ device: Text) throws(Errno) {
    let blank = try BlockDevice(toWrite: device)
    guard try blank.size > 2 * Int64(Encryption.reservedBytes) else { throw .noSpace }
    try blank.write(Encryption.claim, padding: 512, at: 0)
  }

  /// Returns the size of a device, and a UUID for what is made on it. Something unfinished keeps its UUID: with a different one, its
  /// remnants would count as finished.
  private static func sizeAndUUID(of device: Text) throws(Errno) -> (size: Int64, uuid: Text) {
    let blank = try BlockDevice(device)
    var uuid = try blank.unfinishedUUID() ?? Text()
    if uuid.isEmpty { uuid = try Directory("/").read("/proc/sys/kernel/random/uuid").trimmed }
    return (try blank.size, uuid)
  }

  /// Returns the device if it has what was made on it. The programs flush their writes, too, but this does not rely on it.
  private static func verify(_ device: Text, type: Text, uuid: Text) throws(Errno) -> BlockDevice {
    try Directory("/").sync(device)
    let made = try BlockDevice(toWrite: device)
    let (result, properties) = try made.look()
    let signature = Signature(properties: properties)
    guard result == LINUX_PROBE_FOUND, signature.type == type, signature.uuid == uuid else { throw .inputOutput }
    return made
  }

  /// Writes the marker's block, padded with zeros, and returns when it is on the disk.
  func writeMarker(_ text: Text) throws(Errno) {
    try write(text, padding: Formatting.markerBytes, at: Formatting.markerPlace(sizeInBytes: try size))
  }

  /// Writes a block, padded with zeros, and returns when it is on the disk.
  @inline(never) func write(_ text: Text, padding size: Int, at place: Int64) throws(Errno) {
    var block = [UInt8](repeating: 0, count: size)
    for place in text.indices { block[place] = text[place] }
    let count = try check(unsafe block.withUnsafeBytes {
      unsafe linux_write_at(file.rawValue, $0.baseAddress!, $0.count, start + place)
    })
    guard count == block.count else { throw .noSpace }
    try check(linux_sync_file(file.rawValue))
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

  @discardableResult
  @inline(never) func read(_ block: inout [UInt8], at place: Int64) throws(Errno) -> Int {
    Int(try check(unsafe block.withUnsafeMutableBytes { unsafe linux_read_at(file.rawValue, $0.baseAddress!, $0.count, start + place) }))
  }
}
