import CLinux
import PrerootCore

/// Flash without a block device. See mount.jffs2: the kernel takes `mtdN` as a source (mtdsuper.c).
enum Mtd {
  /// `mtdN`, where there is one of this name.
  static func find(_ name: Text, on machine: borrowing Machine) throws(Errno) -> Text? {
    var found: Text?
    for entry in machine.names(in: sysfs) where !entry.hasSuffix("ro") {
      guard let itsName = machine.contents(sysfs + "/" + entry + "/name"), itsName.trimmed == name || entry == name else { continue }
      if found != nil { throw .notUnique }
      found = entry
    }
    return found
  }

  private static var sysfs: Text { "/sys/class/mtd" }
}

/// Unsorted block images: volumes on raw flash. See linux: Documentation/filesystems/ubifs.rst.
public enum Ubi {
  /// `ubiN_M`, which UBIFS takes as a source; nil where the UBI device is not there, yet.
  ///
  /// - Throws: ENOENT where it is there and has no such volume.
  static func find(_ name: DeviceName, on machine: borrowing Machine) throws(Errno) -> Text? {
    let device = Text("ubi") + Text(decimal: name.number)
    guard machine.exists(sysfs + "/" + device) else { return nil }
    for entry in machine.names(in: sysfs) where entry.hasPrefix(device + "_") {
      if machine.contents(sysfs + "/" + entry + "/name")?.trimmed == name.value { return entry }
    }
    throw .noSuchFileOrDirectory
  }

  /// Attaches UBI device `number`, which is not there, to the MTD named `ubiN`, or, for the first, `ubi`: OpenWrt's convention.
  ///
  /// - Throws: ENODEV where there is no such MTD, yet; EEXIST where the device is attached.
  public static func attach(_ number: Int, on machine: borrowing Machine) throws(Errno) {
    var mtd = try Mtd.find(Text("ubi") + Text(decimal: number), on: machine)
    if mtd == nil, number == 0 { mtd = try Mtd.find("ubi", on: machine) }
    guard let place = mtd?.dropping(prefix: "mtd")?.decimalValue else { throw .noSuchDevice }
    let control = FileDescriptor(unsafe try with("/dev/ubi_ctrl") { unsafe linux_open_to_read(LINUX_CURRENT_DIRECTORY, $0) })
    try check(linux_ubi_attach(control.rawValue, Int32(truncatingIfNeeded: place), Int32(truncatingIfNeeded: number)))
  }

  private static var sysfs: Text { "/sys/class/ubi" }
}
