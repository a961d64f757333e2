// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Flash memory without a block device: raw (MTD), or with wear levelling (UBI).
/// See linux: drivers/mtd/mtdsuper.c, which takes `mtdN` as a source, and Documentation/filesystems/ubifs.rst.
public enum Ubi {
  /// Returns `ubiN_M`, the source for a mount of UBIFS; nil if the UBI device does not exist yet.
  ///
  /// - Throws: ENOENT if the UBI device exists but has no such volume.
  static func find(_ name: DeviceName, on machine: borrowing Machine) throws(Errno) -> Text? {
    let device = "/sys/class/ubi/ubi" + Text(decimal: name.number)
    if let volume = try machine.entry(of: device.directory, from: device.fileName + "_", name.value) { return volume }
    if machine.exists(device) { throw .noSuchFileOrDirectory }
    return nil
  }

  /// Attaches UBI device `number`, which must not exist, to the MTD named `ubiN`, or `ubi` for number 0: OpenWrt's convention.
  ///
  /// - Throws: ENODEV if there is no such MTD yet, EEXIST if the device is already attached.
  public static func attach(_ number: Int, on machine: borrowing Machine) throws(Errno) {
    var mtd = try findMtd(Text("ubi") + Text(decimal: number), on: machine)
    if mtd == nil, number == 0 { mtd = try findMtd("ubi", on: machine) }
    guard let place = mtd?.dropping(prefix: "mtd")?.decimalValue else { throw .noSuchDevice }
    let control = FileDescriptor(try check(unsafe linux_open(LINUX_CURRENT_DIRECTORY, "/dev/ubi_ctrl", LINUX_OPEN_TO_READ, LINUX_LOOK_ANYWHERE)))
    try check(linux_ubi_attach(control.rawValue, Int32(truncatingIfNeeded: place), Int32(truncatingIfNeeded: number)))
  }

  /// Returns the `mtdN` with this name.
  static func findMtd(_ name: Text, on machine: borrowing Machine) throws(Errno) -> Text? {
    try machine.entry(of: "/sys/class/mtd", from: "mtd", name)
  }
}

extension Machine {
  /// Returns the entry of a sysfs class that begins with `prefix` and is called `name`, or has that as its `name` attribute.
  ///
  /// - Throws: ENOTUNIQ if there is more than one.
  @inline(never) fileprivate func entry(of directory: Text, from prefix: Text, _ name: Text) throws(Errno) -> Text? {
    var found: Text?
    // mtdNro is the read-only node of mtdN.
    for entry in names(in: directory) where entry.hasPrefix(prefix) && !entry.hasSuffix("ro") {
      guard entry == name || contents(directory + "/" + entry + "/name")?.trimmed == name else { continue }
      if found != nil { throw .notUnique }
      found = entry
    }
    return found
  }
}
