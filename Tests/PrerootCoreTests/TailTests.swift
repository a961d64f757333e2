// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

private let kibibyte: Int64 = 1 << 10
private let mebibyte: Int64 = 1 << 20

/// A superblock that says that the image takes this many bytes.
private func superblock(squashfs bytes: Int64) -> Text {
  var block = [UInt8](repeating: 0, count: 4096)
  block.replaceSubrange(0..<4, with: Array("hsqs".utf8))
  for place in 0..<8 { block[40 + place] = UInt8(truncatingIfNeeded: bytes >> (8 * Int64(place))) }
  return Text(block)
}

private func superblock(erofs blocks: UInt64, bits: UInt8 = 12, isLarge: Bool = false) -> Text {
  var block = [UInt8](repeating: 0, count: 4096)
  block.replaceSubrange(1024..<1028, with: [0xe2, 0xe1, 0xf5, 0xe0])
  block[1024 + 12] = bits
  for place in 0..<4 { block[1024 + 36 + place] = UInt8(truncatingIfNeeded: blocks >> (8 * UInt64(place))) }
  if isLarge {
    block[1024 + 80] = 0x80
    for place in 0..<2 { block[1024 + 14 + place] = UInt8(truncatingIfNeeded: blocks >> (32 + 8 * UInt64(place))) }
  } else {
    // Otherwise this is the number of the root directory.
    block[1024 + 14] = 0x24
  }
  return Text(block)
}

private func device(_ type: Text = "squashfs", _ node: Text = "/dev/vda", _ superblock: Text = superblock(squashfs: 5 * mebibyte + 1), bytes: Int64 = 64 * mebibyte) -> RootDevice {
  var root = RootDevice(type: type)
  root.node = node
  root.superblock = superblock
  root.bytes = bytes
  return root
}

private func room(_ root: RootDevice = device()) throws -> Tail {
  guard case .free(let tail) = Room(behindImageOn: root) else { throw Refused() }
  return tail
}

private struct Refused: Error {}

@Suite("The room behind the image")
struct RoomTests {
  @Test("The room begins at the first multiple of 64 KiB behind the image", arguments: [
    (5 * mebibyte, 5 * mebibyte), (5 * mebibyte + 1, 5 * mebibyte + 64 * kibibyte), (5 * mebibyte + 64 * kibibyte, 5 * mebibyte + 64 * kibibyte), (96, 64 * kibibyte),
  ] as [(Int64, Int64)])
  func beginsBehindSquashfs(end: Int64, start: Int64) throws {
    #expect(try room(device("squashfs", "/dev/vda", superblock(squashfs: end))).extent.lowerBound == start)
  }

  @Test("The blocks of an erofs say where it ends", arguments: [
    (1280, 12, false, 5 * mebibyte), (1281, 12, false, 5 * mebibyte + 64 * kibibyte), (10240, 9, false, 5 * mebibyte), (80, 15, true, 2560 * kibibyte),
  ] as [(UInt64, UInt8, Bool, Int64)])
  func beginsBehindErofs(blocks: UInt64, bits: UInt8, isLarge: Bool, start: Int64) throws {
    #expect(try room(device("erofs", "/dev/vda", superblock(erofs: blocks, bits: bits, isLarge: isLarge))).extent.lowerBound == start)
  }

  @Test("An erofs with more than 2^32 blocks says so in another field")
  func isVeryLarge() throws {
    let root = device("erofs", "/dev/vda", superblock(erofs: 1 << 32 + 1, isLarge: true), bytes: 1 << 45)
    #expect(try room(root).extent.lowerBound == 1 << 44 + 64 * kibibyte)
  }

  @Test("The room and the file system in it are aligned, and leave the last 64 KiB of the device alone", arguments: [
    64 * mebibyte, 64 * mebibyte + 512, 64 * mebibyte - 512, 64 * mebibyte + 65535,
  ] as [Int64])
  func endsBefore(bytes: Int64) throws {
    let tail = try room(device(bytes: bytes))
    #expect(tail.extent.lowerBound % (64 * kibibyte) == 0 && tail.extent.upperBound % (64 * kibibyte) == 0)
    #expect((64 * kibibyte..<128 * kibibyte).contains(bytes - tail.extent.upperBound))
    #expect(tail.placeOfRecord == tail.extent.upperBound)
  }

  @Test("The place of the record depends on the device only")
  func isFixed() throws {
    let places = try [mebibyte, 5 * mebibyte + 1, 40 * mebibyte].map { try room(device("squashfs", "/dev/vda", superblock(squashfs: $0))).placeOfRecord }
    #expect(Set(places).count == 1)
  }

  @Test("A root that cannot have an upper behind it is refused with a reason", arguments: RoomTests.refused)
  func isRefused(root: RootDevice, reason: String) {
    #expect(Room(behindImageOn: root) == .none(Text(utf8: reason)))
  }

  static let refused: [(RootDevice, String)] = {
    var disk = device("squashfs", "/dev/sda"), readOnly = device()
    disk.hasPartitions = true
    readOnly.isReadOnly = true
    let noEnd = "does not find the end of the image on /dev/vda"
    return [
      (RootDevice(type: "nfs4"), "needs a root on a block device; the root is nfs4"),
      (device("squashfs", "/dev/mtdblock3"), "is not for raw flash, which a block device on it wears out; preroot=mtd:NAME or preroot=ubi0:NAME uses a part of it"),
      (device("ext4", "/dev/dm-0"), "is not for a mapped device such as dm-verity's, which ends with the image; use another device"),
      (device("ext4"), "needs a squashfs or erofs root, which says where it ends; the root is ext4"),
      (disk, "is not for a disk with partitions, and /dev/sda is one; put the image into a partition"),
      (readOnly, "needs a writable device, and /dev/vda is read-only"),
      (device(bytes: 9 * mebibyte), "needs 4 MiB behind the image, and on /dev/vda there are 3968 KiB"),
      (device(bytes: 5 * mebibyte + 2), "needs 4 MiB behind the image, and on /dev/vda there are 0 KiB"),
      (device(bytes: 5 * mebibyte), noEnd),
      (device("squashfs", "/dev/vda", ""), noEnd),
      (device("erofs", "/dev/vda", ""), noEnd),
      (device("erofs"), noEnd),
      (device("squashfs", "/dev/vda", superblock(squashfs: -1)), noEnd),
      (device("erofs", "/dev/vda", superblock(erofs: 1, bits: 255)), noEnd),
    ]
  }()
}

@Suite("The use of the room behind the image")
struct TailUseTests {
  private static let uuid: Text = "0123"
  private static let made = Probe.signature(Signature(type: "ext4", uuid: uuid))
  private static let other = Probe.signature(Signature(type: "ext4", uuid: "4567"))
  private static let overwritten = DeviceUse.refuse(TailUse.overwritten)

  private func use(_ contents: TailContents, _ change: LowerChange = .warn, formatsBlank: Bool = false, type: Text = "") throws -> TailUse {
    var settings = Settings()
    settings.onLowerChange = change
    settings.formatsBlank = formatsBlank
    settings.fileSystemType = type
    return TailUse(try room(), contents, settings)
  }

  private func record(at distance: Int64 = 0) throws -> TailRecord { TailRecord(start: try room().extent.lowerBound + distance, uuid: Self.uuid) }

  @Test("Without a record, the room is like any other device", arguments: [made, .blank, .unfinished, .ambivalent, .unknown, nil] as [Probe?], [false, true])
  func isDevice(probe: Probe?, formatsBlank: Bool) throws {
    var settings = Settings()
    settings.formatsBlank = formatsBlank
    let use = try use(TailContents(atStart: probe), formatsBlank: formatsBlank)
    #expect(use.use == DeviceUse(DeviceName(.path, "/dev/vdb"), probe, settings))
    #expect(try use.tail == room())
    #expect(use.isToBeRecorded)
  }

  @Test("A record that is right is not written again")
  func isRecorded() throws {
    #expect(try !use(TailContents(atStart: Self.made, record: record())).isToBeRecorded)
    #expect(try use(TailContents(atStart: Self.other, record: record())).isToBeRecorded)
    // Without libblkid nothing contradicts it.
    #expect(try !use(TailContents(atStart: nil, record: record()), type: "ext4").isToBeRecorded)
  }

  @Test("After a shorter image, the upper stays where it is", arguments: LowerChange.allCases)
  func staysBehindShorterImage(change: LowerChange) throws {
    for probe in [.unknown, .blank, .ambivalent, .unfinished, Self.other, nil] as [Probe?] {
      let use = try use(TailContents(atStart: probe, record: record(at: 8 * mebibyte), atRecord: Self.made), change, formatsBlank: true)
      #expect(use.use == .mount(type: "ext4"))
      #expect(use.tail.extent == (try room().extent.lowerBound + 8 * mebibyte)..<(try room().extent.upperBound))
      #expect(!use.isToBeRecorded)
    }
  }

  @Test("A record of a file system that is gone does not count", arguments: [other, .blank, .unknown, .ambivalent, nil] as [Probe?])
  func isVoid(found: Probe?) throws {
    let use = try use(TailContents(atStart: Self.made, record: record(at: 8 * mebibyte), atRecord: found))
    #expect(use.use == .mount(type: "ext4"))
    #expect(try use.tail == room())
    #expect(use.isToBeRecorded)
  }

  @Test("A record of a place that no room can have does not count", arguments: [1, 4096, 1 << 40, 56 * mebibyte] as [Int64])
  func isNoPlace(distance: Int64) throws {
    #expect(try use(TailContents(atStart: Self.other, record: record(at: distance), atRecord: Self.made)).tail == room())
  }

  @Test("An upper whose beginning a longer image has overwritten is only replaced if the settings say so", arguments: [made, other, .unknown, .ambivalent, .blank] as [Probe])
  func isOverwritten(probe: Probe) throws {
    let contents = TailContents(atStart: probe, record: try record(at: -64 * kibibyte))
    for change in [LowerChange.keep, .warn] { #expect(try use(contents, change, formatsBlank: true).use == Self.overwritten) }
    for change in [LowerChange.reset, .new] {
      #expect(try use(contents, change, formatsBlank: true).use == .format(type: "ext4"))
      #expect(try use(contents, change).use == .refuse("is blank; preroot.format=blank creates a file system on it"))
    }
  }

  @Test("Nothing is mounted unseen from the middle of an overwritten upper")
  func isNotGuessed() throws {
    #expect(try use(TailContents(atStart: nil, record: record(at: -64 * kibibyte)), type: "ext4").use == Self.overwritten)
  }

  @Test("A file system that was begun behind a longer image is completed")
  func isBegun() throws {
    let use = try use(TailContents(atStart: .unfinished, record: record(at: -64 * kibibyte)), formatsBlank: true)
    #expect(use.use == .format(type: "ext4"))
    #expect(try use.tail == room())
    #expect(use.isToBeRecorded)
  }
}

@Suite("The record behind the upper")
struct TailRecordTests {
  @Test("A record reads back as it was written, and fits into a sector", arguments: ["0123-4567", ""])
  func isRead(uuid: String) {
    let record = TailRecord(start: 8_589_934_592, uuid: Text(utf8: uuid))
    #expect(TailRecord(parsing: record.text + "\0\0\0") == record)
    #expect(record.text.count < 512)
  }

  @Test("Anything else is no record", arguments: [
    "", "\0\0\0", "preroot's upper begins at byte ", "preroot's upper begins at byte x 1\n", "preroot's upper begins at byte 65536", "preroot's upper begins at byte -1 1\n",
    "preroot's upper begins at byte 9223372036854775808 1\n", "preroot is making a file system here: 1\n",
  ])
  func isNone(block: String) {
    #expect(TailRecord(parsing: Text(utf8: block)) == nil)
  }
}

@Suite("The store plan for the room behind the image")
struct TailPlanTests {
  private func steps(_ use: DeviceUse, isToBeRecorded: Bool = true) throws -> [Step] {
    var tail = TailUse(try room(), TailContents(atStart: nil), Settings())
    tail.use = use
    tail.isToBeRecorded = isToBeRecorded
    return StorePlan("/dev/loop0", use, Settings(), in: tail, over: Table.shared).steps
  }

  @Test("A loop device is attached first, and the place of a new file system recorded between its mark and its making")
  func isFormatted() throws {
    #expect(try steps(.format(type: "ext4")).text.string == PrintedPlan.beginning + """
      attach /dev/loop0 (/dev/vda from byte 5308416 to 67043328)
      begin a file system on /dev/loop0
      record the place of the upper on /dev/vda (from byte 5308416 to 67043328)
      make a file system on /dev/loop0 (ext4)
      mount device at /run/initramfs/preroot/upper (ext4 /dev/loop0 nosuid,nodev)
      require fitness for an upper of /run/initramfs/preroot/upper

      """)
  }

  @Test("An upper whose place is recorded is mounted without a write to the device before it")
  func isMounted() throws {
    #expect(try steps(.mount(type: "ext4"), isToBeRecorded: false).text.string == PrintedPlan.beginning + """
      attach /dev/loop0 (/dev/vda from byte 5308416 to 67043328)
      check the file system on /dev/loop0 (ext4)
      mount device at /run/initramfs/preroot/upper (ext4 /dev/loop0 nosuid,nodev)
      require fitness for an upper of /run/initramfs/preroot/upper

      """)
    #expect(try steps(.mount(type: "ext4")).map(\.verb).suffix(5) == [.attachLoop, .check, .recordPlace, .mountDevice, .requireFitness])
  }

  @Test("A failure lets go of the loop device after the unmount")
  func isUndone() throws {
    let steps = try steps(.mount(type: "ext4"))
    #expect(steps.reversed().compactMap(\.inverse).prefix(2) == [Step(.unmount, Paths.store), Step(.detachLoop, "/dev/loop0")])
  }

  @Test("The plan for an image that is not booted shows a loop device without numbers")
  func isExpected() {
    let text = StorePlan(Settings(assignments("preroot=tail")), over: Table.shared).steps.text.string
    #expect(text.contains("attach /dev/loopN (tail)\nmount device at /run/initramfs/preroot/upper (TYPE /dev/loopN nosuid,nodev)\n"))
  }

  @Test("A kernel without loop devices, or one that protects a mounted device, is named", arguments: [
    (Errno.noSuchFileOrDirectory, "CONFIG_BLK_DEV_LOOP=y"), (.noSuchDevice, "CONFIG_BLK_DEV_LOOP=y"), (.busy, "bdev_allow_write_mounted=1"),
  ])
  func isExplained(errno: Errno, words: String) {
    let record = StepRecord(step: Step(.attachLoop, "/dev/loop0"), startedAtMicroseconds: 0, microseconds: 0, errno: errno)
    #expect(record.advice?.string.contains(words) == true)
  }

  @Test("preroot=tail is a persistent upper on the root's own device")
  func isRead() {
    let settings = Settings(assignments("preroot=tail"))
    #expect(settings.upper == .device(DeviceName(.tail, "tail")))
    #expect(settings.upper.isPersistent && settings.upper.text == "tail" && settings.remarks == [])
    #expect(Request(assignments("preroot=tail")).enable == .yes)
  }
}
