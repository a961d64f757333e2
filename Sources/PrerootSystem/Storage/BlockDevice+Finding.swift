import CLinux
import PrerootCore

extension BlockDevice {
  /// Where a device is now: a path in /dev, or for `mtd` and `ubi` the source that mount(2) takes. Nil where it is not there, yet;
  /// one look, no waiting. udev is not needed: it does not run.
  ///
  /// - Throws: ENOTUNIQ where more than one device has the name, ENOENT where a UBI device is there and has no such volume,
  ///   ELIBACC where only libblkid could tell and there is none.
  public static func find(_ name: DeviceName, on machine: borrowing Machine) throws(Errno) -> Text? {
    switch name.kind {
    case .path: return machine.exists(name.value) ? name.value : nil
    case .mtd: return try Ubi.findMtd(name.value, on: machine)
    case .ubi: return try Ubi.find(name, on: machine)
    default: break
    }
    var found: Text?
    for entry in machine.names(in: sysfs) {
      // A drive without a floppy takes seconds to say so.
      if entry.hasPrefix(".") || entry.hasPrefix("ram") || entry.hasPrefix("fd") { continue }
      let directory = sysfs + "/" + entry
      // Reading from a suspended device would wait for its resumption.
      guard machine.contents(directory + "/size")?.hasPrefix("0\n") == false,
        machine.contents(directory + "/dm/suspended")?.hasPrefix("1") != true,
        let properties = machine.contents(directory + "/uevent"), let node = properties.value(of: "DEVNAME")
      else { continue }
      let path = Text("/dev/") + node
      guard try isCalled(name, path, properties, on: machine) else { continue }
      if found != nil { throw .notUnique }
      found = path
    }
    return found
  }

  private static var sysfs: Text { "/sys/class/block" }

  private static func isCalled(
    _ name: DeviceName, _ path: Text, _ properties: Text, on machine: borrowing Machine
  ) throws(Errno) -> Bool {
    let isEntry = name.kind == .partLabel || name.kind == .partUUID
    if isEntry {
      // A disk is no partition.
      if properties.value(of: "PARTN") == nil { return false }
      // Only newer kernels give PARTUUID, and in PARTNAME is ! for what is not ASCII (linux: block/partitions/efi.c).
      if let value = name.value(in: properties), !value.bytes.contains(UInt8(ascii: "!")) { return name.isCalled(value) }
    }
    do throws(Errno) {
      let (_, properties) = try BlockDevice(path, on: machine).look(atEntry: isEntry)
      // The members of an array have its name.
      guard isEntry || properties.value(of: "USAGE")?.hasPrefix("filesystem") == true else { return false }
      return name.value(in: properties).map { name.isCalled($0) } ?? false
    } catch {
      // A drive without a disc, a device with bad sectors: not the one.
      guard error != .noLibrary else { throw error }
      return false
    }
  }
}
