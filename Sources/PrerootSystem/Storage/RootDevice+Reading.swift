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
    isReadOnly = machine.isReadOnly(device: directory)
    hasPartitions = machine.names(in: directory).contains { machine.exists(directory + "/" + $0 + "/partition") }
    let device = try BlockDevice(node, on: machine)
    superblock = try device.beginning
    bytes = try device.size
    recordedStart = Tail.start(inRecord: try device.block(at: placeOfRecord))
    if let recordedStart { isBlankAtRecordedStart = try device.isErased(from: recordedStart) }
  }
}

extension BlockDevice {
  /// Writes down where the upper is on the root's device, which is mounted, and returns when it is on the disk.
  static func record(_ text: Text, on device: Text) throws(Errno) {
    let root = try BlockDevice(toShare: device)
    try root.write(text, padding: 512, at: Tail.placeOfRecord(onDeviceOf: try root.size))
  }

  /// Erases enough of a device that it counts as blank, and returns when that is on the disk.
  static func eraseBeginning(of device: Text) throws(Errno) { try BlockDevice(toWrite: device).write("", padding: Int(blankBytes), at: 0) }
}
