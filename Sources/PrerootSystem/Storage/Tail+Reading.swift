// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension RootDevice {
  public init(_ facts: borrowing BootFacts, on machine: borrowing Machine) throws(Errno) {
    let root = facts.mountInfo.root, directory = Text("/sys/dev/block/") + (root?.majorMinor ?? Text())
    self.init(type: root?.fileSystemType ?? Text())
    // mountinfo often has /dev/root, which is not a device.
    guard let name = machine.contents(directory + "/uevent")?.value(of: "DEVNAME") else { return }
    node = Text("/dev/") + name
    isReadOnly = machine.contents(directory + "/ro")?.hasPrefix("1") == true
    hasPartitions = machine.names(in: directory).contains { machine.exists(directory + "/" + $0 + "/partition") }
    let device = try BlockDevice(node, on: machine)
    superblock = try device.beginning
    bytes = try device.size
  }
}

extension TailUse {
  /// Reads what is behind the image. Without libblkid, only the record is known.
  public init(_ room: Tail, _ settings: Settings, on machine: borrowing Machine) throws(Errno) {
    let record = try TailRecord(of: room, on: machine)
    var contents = TailContents(atStart: try Probe(of: room, room.extent.lowerBound, on: machine), record: record)
    if let record, record.start > room.extent.lowerBound, record.start < room.extent.upperBound {
      contents.atRecord = try Probe(of: room, record.start, on: machine)
    }
    self.init(room, contents, settings)
  }
}

extension Probe {
  fileprivate init?(of room: Tail, _ start: Int64, on machine: borrowing Machine) throws(Errno) {
    do throws(Errno) { self = try BlockDevice(room.device, start..<room.extent.upperBound, on: machine).probe() } catch {
      guard error == .noLibrary else { throw error }
      return nil
    }
  }
}

extension TailRecord {
  init?(of room: Tail, on machine: borrowing Machine) throws(Errno) {
    var block = [UInt8](repeating: 0, count: 512)
    try BlockDevice(room.device, on: machine).read(&block, at: room.placeOfRecord)
    self.init(parsing: Text(block))
  }

  /// Writes down where the file system in `extent` begins, and returns when it is on the disk.
  static func write(to device: Text, _ extent: Range<Int64>) throws(Errno) {
    let place = try BlockDevice(toShare: device, extent)
    var uuid = Text()
    do throws(Errno) { uuid = Signature(properties: try place.look().properties).uuid } catch { guard error == .noLibrary else { throw error } }
    if uuid.isEmpty { uuid = try place.unfinishedUUID() ?? Text() }
    try place.write(TailRecord(start: extent.lowerBound, uuid: uuid).text, at: extent.upperBound - extent.lowerBound)
    try check(linux_sync_file(place.file.rawValue))
  }
}
