// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

/// A file that stands in for a block device: libblkid and mkfs treat both alike.
struct Disk {
  let path: String
  static let megabyte = 1 << 20

  init(_ directory: Temporary, _ name: String = "disk", megabytes: Int = 16) throws {
    path = "\(directory.path)/\(name)"
    try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(count: megabytes * Self.megabyte).write(to: URL(filePath: path))
  }

  var text: Text { Text(utf8: path) }
  var contents: Data { get throws { try Data(contentsOf: URL(filePath: path)) } }
  func fill(_ data: Data) throws { try data.write(to: URL(filePath: path)) }
  var probe: Probe { get throws(Errno) { try BlockDevice.probe(text) } }

  func write(_ data: Data, at offset: Int) throws {
    let file = try FileHandle(forUpdating: URL(filePath: path))
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: data)
    try file.close()
  }

  /// Runs a program on the disk, and throws if it fails.
  func run(_ arguments: String...) throws {
    let outcome = try Program.run(arguments.map { Text(utf8: $0) } + [text], limitMicroseconds: 60_000_000)
    if !outcome.isSuccess { throw Problem("\(arguments[0]): \(outcome.end) \(outcome.lastLine.string)") }
  }
}

@Suite("Block devices")
struct BlockDeviceTests {
  let directory: Temporary
  let disk: Disk

  init() throws {
    directory = try Temporary()
    disk = try Disk(directory)
  }

  @Test("A device is blank if all its bytes are 0x00 or all are 0xff", arguments: [0x00, 0xff])
  func isBlank(byte: UInt8) throws {
    try disk.fill(Data(repeating: byte, count: 16 * Disk.megabyte))
    #expect(try disk.probe == .blank)
    // This disk is smaller than the part that the probe reads.
    try disk.fill(Data(repeating: byte, count: 65536))
    #expect(try disk.probe == .blank)
  }

  @Test("A device with a single byte in its first megabyte is not blank", arguments: [0, 1, 511, 16383, 16384, 300_001, Disk.megabyte - 1])
  func isNotBlank(place: Int) throws {
    try disk.write(Data([0x17]), at: place)
    #expect(try disk.probe == .unknown)
  }

  @Test("A device full of random bytes, like a headerless encrypted volume, is not blank")
  func isNoise() throws {
    try disk.fill(Data((0..<(2 * Disk.megabyte)).map { _ in UInt8.random(in: 0...255) }))
    #expect(try disk.probe == .unknown)
  }

  @Test("The probe reports the type, label and UUID of a file system")
  func hasFileSystem() throws {
    try disk.run("mkfs.ext4", "-q", "-L", "my data", "-U", "01234567-89ab-cdef-0123-456789abcdef")
    #expect(try disk.probe == .signature(Signature(type: "ext4", label: "my data", uuid: "01234567-89ab-cdef-0123-456789abcdef")))
  }

  @Test("The probe recognizes a file system whose superblock checksum is wrong")
  func hasBrokenFileSystem() throws {
    try disk.run("mkfs.ext4", "-q", "-O", "metadata_csum", "-L", "data")
    try disk.write(Data([0xee]), at: 1024 + 0x30)
    guard case .signature(let signature) = try disk.probe else { throw Problem("\(try disk.probe)") }
    #expect(signature.type == "ext4")
  }

  @Test("A device with swap space or a partition table is not blank", arguments: ["swap", "dos"])
  func hasOther(type: String) throws {
    if type == "swap" {
      try disk.run("mkswap", "-q")
    } else {
      // One Linux partition from sector 2048.
      try disk.write(Data([0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 0x10, 0, 0]), at: 446)
      try disk.write(Data([0x55, 0xaa]), at: 510)
    }
    guard case .signature(let signature) = try disk.probe else { throw Problem("\(try disk.probe)") }
    #expect(signature.type.string == type)
  }

  @Test("A device with signatures of two file systems is reported as ambivalent")
  func isAmbivalent() throws {
    try disk.run("mkfs.ext4", "-q")
    // This magic makes it a btrfs as well.
    try disk.write(Data("_BHRfS_M".utf8), at: 65536 + 64)
    #expect(try disk.probe == .ambivalent)
  }

  @Test("The probe throws an error for a missing device and for a directory")
  func isMissing() {
    #expect(errno { () throws(Errno) in _ = try BlockDevice.probe("/nonexistent") } == .noSuchFileOrDirectory)
    #expect(errno { () throws(Errno) in _ = try BlockDevice.probe("/") } != nil)
  }
}

@Suite("The search for a device")
struct FindingTests {
  let directory: Temporary

  init() throws { directory = try Temporary() }

  /// Adds a device to the fake sysfs and devtmpfs.
  private func add(_ name: String, sysName: String? = nil, properties: String = "", size: Int = 16, _ mkfs: String...) throws {
    let sys = "sys/class/block/\(sysName ?? name)"
    try directory.write("\(sys)/uevent", "MAJOR=8\nMINOR=1\nDEVNAME=\(name)\nDEVTYPE=disk\n\(properties)")
    try directory.write("\(sys)/size", "\(size * 2048)\n")
    let disk = try Disk(directory, "dev/\(name)", megabytes: size)
    if !mkfs.isEmpty {
      let outcome = try Program.run(mkfs.map { Text(utf8: $0) } + [disk.text], limitMicroseconds: 60_000_000)
      if !outcome.isSuccess { throw Problem(outcome.lastLine.string) }
    }
  }

  private func find(_ word: String) throws(Errno) -> String? {
    try BlockDevice.find(DeviceName(Text(utf8: word))!, on: Machine(below: Text(utf8: directory.path)))?.string
  }

  @Test("A device is found by its path once it exists")
  func byPath() throws {
    #expect(try find("/dev/sda") == nil)
    try add("sda")
    #expect(try find("/dev/sda") == "/dev/sda")
  }

  @Test("A device is found by the label or UUID of its file system")
  func byTag() throws {
    try add("sda", "mkfs.ext4", "-q", "-L", "one", "-U", "01234567-89ab-cdef-0123-456789abcdef")
    try add("sdb", "mkfs.ext4", "-q", "-L", "two")
    try add("sdc")
    try add("loop0", size: 0)
    #expect(try find("LABEL=one") == "/dev/sda")
    #expect(try find("LABEL=two") == "/dev/sdb")
    #expect(try find("LABEL=three") == nil)
    #expect(try find("UUID=01234567-89AB-CDEF-0123-456789abcdef") == "/dev/sda")
    #expect(try find("/dev/disk/by-label/two") == "/dev/sdb")
  }

  @Test("A partition is found by its label or UUID, even if it is blank")
  func byPartition() throws {
    try add("mmcblk0p1", properties: "PARTN=1\nPARTNAME=boot\nPARTUUID=aa-01\n")
    try add("mmcblk0p2", properties: "PARTN=2\nPARTNAME=data\nPARTUUID=aa-02\n")
    #expect(try find("PARTLABEL=data") == "/dev/mmcblk0p2")
    #expect(try find("PARTUUID=AA-01") == "/dev/mmcblk0p1")
    #expect(try find("PARTLABEL=other") == nil)
  }

  @Test("A device whose kernel name has a slash is found")
  func withSlash() throws {
    try add("cciss/c0d0", sysName: "cciss!c0d0", "mkfs.ext4", "-q", "-L", "data")
    #expect(try find("LABEL=data") == "/dev/cciss/c0d0")
  }

  @Test("A fixed disk takes precedence over a removable one of the same label")
  func notRemovable() throws {
    try add("sda", "mkfs.ext4", "-q", "-L", "data")
    try add("sdb", "mkfs.ext4", "-q", "-L", "data")
    try directory.write("sys/class/block/sda/removable", "1\n")
    #expect(try find("LABEL=data") == "/dev/sdb")
  }

  @Test("The device with the requested file system wins if two have the same label")
  func ofType() throws {
    try add("sda", "mkfs.ext4", "-q", "-L", "data")
    try add("sdb", "mkfs.ext2", "-q", "-L", "data")
    let machine = try Machine(below: Text(utf8: directory.path))
    #expect(try BlockDevice.find(DeviceName("LABEL=data")!, type: "ext2", on: machine) == "/dev/sdb")
    #expect(try BlockDevice.find(DeviceName("LABEL=data")!, type: "ext4", on: machine) == "/dev/sda")
  }

  /// In sysfs a partition is below its disk, and a mapped device lists the devices that it uses.
  @Test("A device on the root's disk takes precedence over one of the same label elsewhere", arguments: [false, true])
  func onRootDisk(isVerified: Bool) throws {
    for (disk, partition) in [("sda", "sda3"), ("sdb", "sdb1")] {
      try add(partition, "mkfs.ext4", "-q", "-L", "data")
      let real = "sys/devices/pci0/\(disk)/\(partition)"
      try directory.write("\(real)/partition", "1\n")
      for name in ["uevent", "size"] {
        try FileManager.default.moveItem(atPath: "\(directory.path)/sys/class/block/\(partition)/\(name)", toPath: "\(directory.path)/\(real)/\(name)")
      }
      try FileManager.default.removeItem(atPath: "\(directory.path)/sys/class/block/\(partition)")
      try FileManager.default.createSymbolicLink(atPath: "\(directory.path)/sys/class/block/\(partition)", withDestinationPath: "../../devices/pci0/\(disk)/\(partition)")
    }
    try directory.write("sys/class/block/dm-0/slaves/sdb1/partition", "1\n")
    try FileManager.default.createDirectory(atPath: "\(directory.path)/sys/dev/block", withIntermediateDirectories: true)
    let root = isVerified ? "../../devices/virtual/block/dm-0" : "../../devices/pci0/sdb/sdb1"
    try FileManager.default.createSymbolicLink(atPath: "\(directory.path)/sys/dev/block/8:17", withDestinationPath: root)
    let machine = try Machine(below: Text(utf8: directory.path))
    #expect(try BlockDevice.find(DeviceName("LABEL=data")!, rootDevice: "8:17", on: machine) == "/dev/sdb1")
  }

  @Test("The search fails if two equal candidates share a name")
  func unique() throws {
    try add("sda", properties: "PARTN=1\nPARTNAME=data\n", "mkfs.ext4", "-q", "-L", "data")
    try add("sdb", properties: "PARTN=1\nPARTNAME=data\n", "mkfs.ext4", "-q", "-L", "data")
    for word in ["LABEL=data", "PARTLABEL=data"] {
      #expect(errno { () throws(Errno) in _ = try find(word) } == .notUnique)
    }
  }

  @Test("The search skips suspended and unreadable devices")
  func besideBroken() throws {
    try add("dm-0", "mkfs.ext4", "-q", "-L", "data")
    try directory.write("sys/class/block/dm-0/dm/suspended", "1\n")
    try add("sr0")
    try FileManager.default.removeItem(atPath: "\(directory.path)/dev/sr0")
    try add("sdb", "mkfs.ext4", "-q", "-L", "data")
    #expect(try find("LABEL=data") == "/dev/sdb")
  }

  @Test("An MTD device is found by name or number")
  func onFlash() throws {
    #expect(try find("mtd:data") == nil)
    try directory.write("sys/class/mtd/mtd0/name", "boot\n")
    try directory.write("sys/class/mtd/mtd0ro/name", "boot\n")
    try directory.write("sys/class/mtd/mtd1/name", "data\n")
    #expect(try find("mtd:data") == "mtd1")
    #expect(try find("mtd:mtd0") == "mtd0")
    try directory.write("sys/class/mtd/mtd2/name", "data\n")
    #expect(errno { () throws(Errno) in _ = try find("mtd:data") } == .notUnique)
  }

  @Test("A missing volume of an attached UBI device is an error, not something to wait for")
  func onUbi() throws {
    #expect(try find("ubi0:data") == nil)
    try directory.write("sys/class/ubi/ubi0/volumes_count", "1\n")
    #expect(errno { () throws(Errno) in _ = try find("ubi0:data") } == .noSuchFileOrDirectory)
    try directory.write("sys/class/ubi/ubi0_3/name", "data\n")
    try directory.write("sys/class/ubi/ubi1_0/name", "other\n")
    #expect(try find("ubi0:data") == "ubi0_3")
    #expect(try find("ubi:data") == "ubi0_3")
    #expect(try find("ubi1:data") == nil)
  }

  @Test("UBI is attached only if the right MTD device exists")
  func attaching() throws {
    func attach(_ number: Int) -> Errno? {
      errno { () throws(Errno) in try Ubi.attach(number, on: Machine(below: Text(utf8: directory.path))) }
    }
    #expect(attach(0) == .noSuchDevice)
    try directory.write("sys/class/mtd/mtd4/name", "ubi\n")
    #expect(attach(1) == .noSuchDevice)
    // This machine has no UBI, so the test only sees that the attachment was tried.
    if !FileManager.default.fileExists(atPath: "/dev/ubi_ctrl") { #expect(attach(0) == .noSuchFileOrDirectory) }
  }
}

extension Machine {
  /// A machine below the test's own directory: $PREROOT_ROOT would be the same for all tests of the process.
  init(below directory: Text) throws(Errno) { try self.init(at: directory) }
}
