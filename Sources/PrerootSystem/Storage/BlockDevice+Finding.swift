// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension BlockDevice {
  /// Looks for a device once, without waiting. Returns a path in /dev, or for `mtd` and `ubi` the source for mount(2). Does not need udev,
  /// which does not run yet.
  ///
  /// - Parameters:
  ///   - type: the requested file system; empty if none is.
  ///   - rootDevice: the numbers of the root's device, `MAJOR:MINOR`.
  ///   - isEncrypted: whether the name is that of a LUKS header, as in crypttab(5), and not of a file system.
  /// - Throws: ENOTUNIQ if more than one MTD or volume has the name, ENOENT if the UBI device exists but has no such volume,
  ///   ELIBACC if the search needs libblkid and it is unavailable.
  public static func choose(_ name: DeviceName, type: Text, rootDevice: Text, isEncrypted: Bool = false, on machine: borrowing Machine) throws(Errno) -> DeviceChoice {
    switch name.kind {
    case .path: return DeviceChoice(machine.exists(name.value) ? name.value : nil)
    case .mtd: return DeviceChoice(try Ubi.findMtd(name.value, on: machine))
    case .ubi: return DeviceChoice(try Ubi.find(name, on: machine))
    // The root's own device: see `RootDevice`.
    case .tail: return DeviceChoice(nil)
    case .label, .uuid, .partLabel, .partUUID: return try chooseBlockDevice(name, type, rootDevice, isEncrypted ? "crypto" : "filesystem", on: machine)
    }
  }

  /// - Throws: also ENOTUNIQ if several devices have the name and nothing distinguishes them.
  public static func find(_ name: DeviceName, type: Text = "", rootDevice: Text = "", isEncrypted: Bool = false, on machine: borrowing Machine) throws(Errno) -> Text? {
    let choice = try choose(name, type: type, rootDevice: rootDevice, isEncrypted: isEncrypted, on: machine)
    if choice.device == nil, !choice.others.isEmpty { throw .notUnique }
    return choice.device
  }

  private static func chooseBlockDevice(_ name: DeviceName, _ type: Text, _ rootDevice: Text, _ usage: Text, on machine: borrowing Machine) throws(Errno) -> DeviceChoice {
    var devices: [Text] = [], entries: [Text] = []
    for entry in machine.names(in: Sysfs.devices) {
      // An empty floppy drive takes seconds to fail.
      if entry.hasPrefix(".") || entry.hasPrefix("ram") || entry.hasPrefix("fd") { continue }
      let directory = Sysfs.devices + "/" + entry
      // Reading from a suspended device blocks until it is resumed.
      guard machine.contents(directory + "/size")?.hasPrefix("0\n") == false,
        machine.contents(directory + "/dm/suspended")?.hasPrefix("1") != true,
        let properties = machine.contents(directory + "/uevent"), let node = properties.value(of: "DEVNAME")
      else { continue }
      let path = Text("/dev/") + node
      guard try isCalled(name, path, properties, usage, on: machine) else { continue }
      devices.add(path)
      entries.add(entry)
    }
    // A single device needs no comparison.
    if devices.count < 2 { return DeviceChoice(devices.first) }
    var rootDisk = Text(), weights: [UInt8] = []
    if let link = machine.target(ofLink: Text("/sys/dev/block/") + rootDevice) { rootDisk = machine.disk(of: link.fileName) }
    for place in devices.indices {
      let disk = machine.disk(of: entries[place])
      weights.append(DeviceChoice.weight(
        hasType: !type.isEmpty && machine.type(of: devices[place]) == type, isOnRootDisk: disk == rootDisk,
        isRemovable: machine.contents(Sysfs.devices + "/" + disk + "/removable")?.hasPrefix("1") == true))
    }
    return DeviceChoice(among: devices, weights: weights)
  }

  private static func isCalled(
    _ name: DeviceName, _ path: Text, _ properties: Text, _ usage: Text, on machine: borrowing Machine
  ) throws(Errno) -> Bool {
    let isEntry = name.kind == .partLabel || name.kind == .partUUID
    if isEntry {
      // A whole disk is not a partition.
      if properties.value(of: "PARTN") == nil { return false }
      // Only newer kernels provide PARTUUID, and PARTNAME has ! for every character that is not ASCII (linux: block/partitions/efi.c).
      if let value = name.value(in: properties), !value.contains(UInt8(ascii: "!")) { return name.isCalled(value) }
    }
    do throws(Errno) {
      let (_, properties) = try BlockDevice(path, on: machine).look(atEntry: isEntry)
      // The members of an array have its name as well.
      guard isEntry || properties.value(of: "USAGE")?.hasPrefix(usage) == true else { return false }
      return name.value(in: properties).map { name.isCalled($0) } ?? false
    } catch {
      // A drive without a disc or a device with bad sectors is not the one.
      guard error != .noLibrary else { throw error }
      return false
    }
  }
}

/// See linux: Documentation/ABI/stable/sysfs-block.
private enum Sysfs {
  static var devices: Text { "/sys/class/block" }
}

extension Machine {
  /// Returns the type of the file system on a device; nil if it is unknown.
  fileprivate borrowing func type(of device: Text) -> Text? {
    do throws(Errno) { return try BlockDevice(device, on: self).look().properties.value(of: "TYPE") } catch { return nil }
  }

  /// Returns the disk below a block device: a partition's disk, or the first disk of a mapped device.
  @inline(never) fileprivate borrowing func disk(of name: Text) -> Text {
    var disk = name
    if let below = names(in: Sysfs.devices + "/" + disk + "/slaves").first(where: { !$0.hasPrefix(".") }) { disk = below }
    let directory = Sysfs.devices + "/" + disk
    guard exists(directory + "/partition"), let link = target(ofLink: directory) else { return disk }
    return link.directory.fileName
  }
}
