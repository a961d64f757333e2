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

private func superblock(erofs blocks: UInt64, bits: UInt8 = 12, isLarge: Bool = false, devices: UInt8 = 0) -> Text {
  var block = [UInt8](repeating: 0, count: 4096)
  block.replaceSubrange(1024..<1028, with: [0xe2, 0xe1, 0xf5, 0xe0])
  block[1024 + 12] = bits
  block[1024 + 86] = devices
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

private func tail(_ root: RootDevice = device(), _ words: String = "") throws -> Tail {
  guard case .open(let tail) = TailUse(root, Settings(assignments("preroot=tail \(words)"))) else { throw Refused() }
  return tail
}

private struct Refused: Error {}

@Suite("The room behind the image")
struct RoomTests {
  @Test("The room begins at the first multiple of 64 KiB behind the image", arguments: [
    (5 * mebibyte, 5 * mebibyte), (5 * mebibyte + 1, 5 * mebibyte + 64 * kibibyte), (5 * mebibyte + 64 * kibibyte, 5 * mebibyte + 64 * kibibyte), (96, 64 * kibibyte),
  ] as [(Int64, Int64)])
  func beginsBehindSquashfs(end: Int64, start: Int64) throws {
    #expect(try tail(device("squashfs", "/dev/vda", superblock(squashfs: end))).extent.lowerBound == start)
  }

  @Test("The blocks of an erofs say where it ends", arguments: [
    (1280, 12, false, 5 * mebibyte), (1281, 12, false, 5 * mebibyte + 64 * kibibyte), (10240, 9, false, 5 * mebibyte), (80, 15, true, 2560 * kibibyte),
  ] as [(UInt64, UInt8, Bool, Int64)])
  func beginsBehindErofs(blocks: UInt64, bits: UInt8, isLarge: Bool, start: Int64) throws {
    #expect(try tail(device("erofs", "/dev/vda", superblock(erofs: blocks, bits: bits, isLarge: isLarge))).extent.lowerBound == start)
  }

  @Test("An erofs with more than 2^32 blocks says so in another field")
  func isVeryLarge() throws {
    let root = device("erofs", "/dev/vda", superblock(erofs: 1 << 32 + 1, isLarge: true), bytes: 1 << 45)
    #expect(try tail(root).extent.lowerBound == 1 << 44 + 64 * kibibyte)
  }

  @Test("The room and the file system in it are aligned, and leave the last 64 KiB of the device alone", arguments: [
    64 * mebibyte, 64 * mebibyte + 512, 64 * mebibyte - 512, 64 * mebibyte + 65535,
  ] as [Int64])
  func endsBefore(bytes: Int64) throws {
    let tail = try tail(device(bytes: bytes))
    #expect(device(bytes: bytes).placeOfRecord == tail.extent.upperBound)
    #expect(tail.extent.lowerBound % (64 * kibibyte) == 0 && tail.extent.upperBound % (64 * kibibyte) == 0)
    #expect((64 * kibibyte..<128 * kibibyte).contains(bytes - tail.extent.upperBound))
  }

  @Test("The place of the record depends on the device only")
  func isFixed() throws {
    let places = [mebibyte, 5 * mebibyte + 1, 40 * mebibyte].map { device("squashfs", "/dev/vda", superblock(squashfs: $0)).placeOfRecord }
    #expect(Set(places).count == 1)
  }

  @Test("A root that cannot have an upper behind it is refused with a reason", arguments: RoomTests.refused)
  func isRefused(root: RootDevice, reason: String) {
    #expect(TailUse(root, Settings()) == .refuse(Text(utf8: reason)))
  }

  static let refused: [(RootDevice, String)] = {
    var disk = device("squashfs", "/dev/sda"), readOnly = device()
    disk.hasPartitions = true
    readOnly.isReadOnly = true
    func noEnd(_ type: String) -> String { "needs a squashfs or erofs root, which says where it ends; the root is \(type)" }
    return [
      (RootDevice(type: "nfs4"), "needs a root on a block device; the root is nfs4"),
      (device("squashfs", "/dev/mtdblock3"), "is not for raw flash, which a block device on it wears out; preroot=mtd:NAME or preroot=ubi0:NAME uses a part of it"),
      (device("ext4"), noEnd("ext4")),
      (disk, "is not for a disk with partitions, and /dev/sda is one; put the image into a partition"),
      (readOnly, "needs a writable device, and /dev/vda is read-only"),
      (device(bytes: 9 * mebibyte), "needs 4 MiB behind the image, and on /dev/vda there are 3968 KiB"),
      (device(bytes: 5 * mebibyte + 2), "needs 4 MiB behind the image, and on /dev/vda there are 0 KiB"),
      (device(bytes: 5 * mebibyte), noEnd("squashfs")),
      (device("squashfs", "/dev/vda", ""), noEnd("squashfs")),
      (device("erofs", "/dev/vda", ""), noEnd("erofs")),
      (device("erofs"), noEnd("erofs")),
      (device("squashfs", "/dev/vda", superblock(squashfs: 0)), noEnd("squashfs")),
      (device("squashfs", "/dev/vda", superblock(squashfs: -1)), noEnd("squashfs")),
      (device("erofs", "/dev/vda", superblock(erofs: 1, bits: 255)), noEnd("erofs")),
      (device("erofs", "/dev/vda", superblock(erofs: 1, devices: 1)), noEnd("erofs")),
    ]
  }()
}

@Suite("The use of the room behind the image")
struct TailUseTests {
  private static let overwritten = TailUse.refuse(
    "was overwritten at its beginning by a longer image; preroot.on-lower-change=reset with preroot.format=blank starts a new one")

  /// A device with a record of an upper that begins this far behind the room's start.
  private func recorded(at distance: Int64, isBlankThere: Bool = false) throws -> RootDevice {
    var root = device()
    root.recordedStart = try tail().extent.lowerBound + distance
    root.isBlankAtRecordedStart = isBlankThere
    return root
  }

  @Test("Without a record, the upper begins behind the image, and is recorded")
  func isNew() throws {
    #expect(try !tail().isRecorded)
    #expect(try !tail().isInsideOlder)
  }

  @Test("A record that is right is not written again", arguments: [false, true])
  func isRecorded(isBlankThere: Bool) throws {
    let found = try tail(recorded(at: 0, isBlankThere: isBlankThere))
    #expect(found.isRecorded && !found.isInsideOlder)
    #expect(try found.extent == tail().extent)
  }

  @Test("After a shorter image, the upper stays where it is", arguments: ["", "preroot.on-lower-change=reset preroot.format=blank"])
  func staysBehindShorterImage(words: String) throws {
    let room = try tail(), found = try tail(recorded(at: 8 * mebibyte), words)
    #expect(found.extent == room.extent.lowerBound + 8 * mebibyte..<room.extent.upperBound)
    #expect(found.isRecorded && !found.isInsideOlder)
  }

  @Test("A record of an upper that someone has erased, or of a place behind the room, does not count", arguments: [(8 * mebibyte, true), (1 << 40, false)] as [(Int64, Bool)])
  func isVoid(distance: Int64, isBlankThere: Bool) throws {
    #expect(try tail(recorded(at: distance, isBlankThere: isBlankThere)) == tail())
  }

  @Test("An upper that a longer image has overwritten is replaced only if the settings say so", arguments: [false, true])
  func isOverwritten(isBlankThere: Bool) throws {
    let root = try recorded(at: -64 * kibibyte, isBlankThere: isBlankThere)
    for change in ["keep", "warn", "reset", "new"] {
      #expect(TailUse(root, Settings(assignments("preroot.on-lower-change=\(change)"))) == Self.overwritten)
    }
    for change in ["keep", "warn"] {
      #expect(TailUse(root, Settings(assignments("preroot.format=blank preroot.on-lower-change=\(change)"))) == Self.overwritten)
    }
    for change in ["reset", "new"] {
      let found = try tail(root, "preroot.format=blank preroot.on-lower-change=\(change)")
      #expect(found.isInsideOlder && !found.isRecorded)
      #expect(try found.extent == tail().extent)
    }
  }
}

@Suite("The record behind the upper")
struct TailRecordTests {
  @Test("A record reads back as it was written, and fits into a sector", arguments: [5 * mebibyte, 1 << 40])
  func isRead(end: Int64) throws {
    let tail = try tail(device("squashfs", "/dev/vda", superblock(squashfs: end), bytes: 1 << 41))
    #expect(Tail.start(inRecord: tail.record + "\0\0\0") == end)
    #expect(tail.record.count < 512)
  }

  @Test("Anything else is no record", arguments: [
    "", "\0\0\0", "preroot's upper begins at byte ", "preroot's upper begins at byte x\n", "preroot's upper begins at byte 65537\n", "preroot's upper begins at byte -1\n",
    "preroot's upper begins at byte 9223372036854775808\n", "preroot is making a file system here: 1\n",
  ])
  func isNone(block: String) {
    #expect(Tail.start(inRecord: Text(utf8: block)) == nil)
  }
}

@Suite("The steps around an upper behind the image")
struct TailPlanTests {
  @Test("A loop device is attached first; the place is recorded at the end, unless it is")
  func isOpened() throws {
    var found = try tail()
    #expect(found.opening(as: "/dev/loop0").text.string == "attach /dev/loop0 (5308416+61734912 /dev/vda)\n")
    #expect(found.closing.text.string == "record the place of the upper on /dev/vda\n")
    found.isRecorded = true
    #expect(found.closing == [])
  }

  @Test("The part of a device reads back as it was written")
  func isPart() throws {
    let found = try tail(), part = try #require(Tail.extent(ofPart: found.part))
    #expect(part.start == found.extent.lowerBound && part.start + part.bytes == found.extent.upperBound)
    for text in ["", "1", "+1", "1+", "1+x", "9223372036854775808+1"] { #expect(Tail.extent(ofPart: Text(utf8: text)) == nil) }
  }

  @Test("Inside an older upper, what looks like contents is erased first")
  func isErased() throws {
    var found = try tail()
    found.isInsideOlder = true
    #expect(found.opening(as: "/dev/loop0").map(\.verb) == [.attachLoop, .eraseBeginning])
  }

  @Test("A failure releases the loop device")
  func isUndone() throws {
    #expect(try tail().opening(as: "/dev/loop0").compactMap(\.inverse) == [Step(.detachLoop, "/dev/loop0")])
  }

  @Test("The plan for an image that is not booted shows a loop device without numbers")
  func isExpected() {
    let text = StorePlan(Settings(assignments("preroot=tail")), over: Table.shared).steps.text.string
    #expect(text.hasPrefix("attach /dev/loopN (tail)\n"))
    #expect(text.contains("mount device at /run/initramfs/preroot/upper (TYPE /dev/loopN nosuid,nodev)\n"))
  }

  @Test("A kernel that protects a mounted device is named", arguments: [Step.Verb.attachLoop, .recordPlace])
  func isExplained(verb: Step.Verb) {
    let record = StepRecord(step: Step(verb, "/dev/loop0"), startedAtMicroseconds: 0, microseconds: 0, errno: .busy)
    #expect(record.advice?.string.contains("bdev_allow_write_mounted=1") == true)
  }

  @Test("preroot=tail is a persistent upper on the root's own device")
  func isRead() {
    let settings = Settings(assignments("preroot=tail"))
    #expect(settings.upper == .device(DeviceName(.tail, "tail")))
    #expect(settings.upper.isPersistent && settings.upper.text == "tail" && settings.remarks == [])
    #expect(Request(assignments("preroot=tail")).enable == .yes)
  }
}
