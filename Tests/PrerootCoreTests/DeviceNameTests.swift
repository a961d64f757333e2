// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("Device names")
struct DeviceNameTests {
  @Test("A device name keeps its spelling after it is parsed", arguments: [
    ("/dev/mmcblk0p3", DeviceName(.path, "/dev/mmcblk0p3")), ("LABEL=data", DeviceName(.label, "data")), ("UUID=1-2", DeviceName(.uuid, "1-2")),
    ("PARTLABEL=a=b", DeviceName(.partLabel, "a=b")), ("PARTUUID=1-2", DeviceName(.partUUID, "1-2")), ("mtd:rootfs_data", DeviceName(.mtd, "rootfs_data")),
    ("ubi0:data", DeviceName(.ubi, "data")), ("ubi12:data", DeviceName(.ubi, "data", number: 12)), ("/dev/disk/by-id/x", DeviceName(.path, "/dev/disk/by-id/x")),
  ])
  func isRead(word: String, expected: DeviceName) throws {
    let name = try #require(DeviceName(Text(utf8: word)))
    #expect(name == expected)
    #expect(name.text.string == word)
  }

  @Test("A udev link in /dev/disk is read as the tag that it stands for", arguments: [
    (#"/dev/disk/by-label/my\x20data"#, "LABEL=my data"), ("/dev/disk/by-uuid/1-2", "UUID=1-2"), (#"/dev/disk/by-partlabel/a\x2fb"#, "PARTLABEL=a/b"),
    ("/dev/disk/by-partuuid/1-2", "PARTUUID=1-2"), (#"/dev/disk/by-label/a\x2"#, #"LABEL=a\x2"#), (#"/dev/disk/by-label/\xZZ"#, #"LABEL=\xZZ"#),
    ("ubi:data", "ubi0:data"), ("label=Data", "LABEL=Data"), ("/dev/mapper/a=b:c", "/dev/mapper/a=b:c"), ("/dev/disk/by-label", "/dev/disk/by-label"),
  ])
  func isTag(word: String, expected: String) {
    #expect(DeviceName(Text(utf8: word))?.text.string == expected)
  }

  @Test("A word that names no device is rejected", arguments: [
    "", "/dev/", "/dev", "sda1", "LABEL=", "UUID=", "mtd:", "ubi0:", "ubi:", "ubix:data", "ubi-1:data", "ubi32:data", "ubi4294967299:data", "TYPE=ext4", "=data", ":data", "/dev/disk/by-label/", "tmpfs",
  ])
  func isRefused(word: String) {
    #expect(DeviceName(Text(utf8: word)) == nil)
  }

  @Test("UUIDs ignore case, and labels do not")
  func isCompared() {
    #expect(DeviceName(.uuid, "ABCD-12ef").isCalled("abcd-12EF"))
    #expect(DeviceName(.partUUID, "ABCD").isCalled("abcd"))
    #expect(!DeviceName(.label, "Data").isCalled("data"))
    #expect(!DeviceName(.partLabel, "Data").isCalled("data"))
  }
}

@Suite("Device signatures")
struct SignatureTests {
  @Test("The first property of a name wins when libblkid reports several")
  func isRead() {
    #expect(Signature(properties: "TYPE=ext4\nUSAGE=filesystem\nUUID=1-2\nLABEL=a=b\nUUID=3\n") == Signature(type: "ext4", label: "a=b", uuid: "1-2"))
  }

  @Test("A file system takes precedence over a partition table on the same device")
  func isPartitionTable() {
    #expect(Signature(properties: "PTTYPE=gpt\n") == Signature(type: "gpt"))
    #expect(Signature(properties: "TYPE=vfat\nPTTYPE=dos\n").type == "vfat")
    #expect(Signature(properties: "").type == "unknown")
  }
}

@Suite("Missing file system features")
struct UnfitnessTests {
  @Test("Each missing feature has a text of its own, and only RENAME_WHITEOUT is optional")
  func isTold() {
    #expect(Unfitness.allCases.filter(\.isLimit) == [.renamingWithWhiteout])
    #expect(Set(Unfitness.allCases.map(\.text.string)).count == Unfitness.allCases.count)
  }
}

@Suite("Formatting")
struct FormattingTests {
  private func formatting(_ type: Text) -> Formatting {
    Formatting("/dev/sda1", type: type, label: "data", uuid: "1-2", sizeInBytes: (64 << 20) + 512)
  }

  @Test("mkfs leaves the end of the device free for the marker", arguments: [
    ("ext4", ["mkfs.ext4", "-q", "-F", "-E", "nodiscard", "-U", "1-2", "-L", "data", "/dev/sda1", "65472k"]),
    ("f2fs", ["mkfs.f2fs", "-q", "-f", "-t", "0", "-U", "1-2", "-l", "data", "/dev/sda1", "130944"]),
  ])
  func leavesEnd(type: String, arguments: [String]) {
    let formatting = formatting(Text(utf8: type))
    #expect(formatting.arguments?.strings == arguments)
    let place = Formatting.markerPlace(sizeInBytes: formatting.sizeInBytes)
    #expect(place % 4096 == 0)
    #expect(place + Int64(Formatting.markerBytes) <= formatting.sizeInBytes)
    #expect(place >= formatting.sizeInBytes - Formatting.reservedBytes)
  }

  @Test("Only ext4 and f2fs can be created")
  func isKnown() {
    #expect(formatting("vfat").arguments == nil)
  }

  @Test("The marker of an unfinished file system holds its UUID and fits into a sector")
  func hasMarker() {
    let marker = formatting("ext4").marker
    #expect(marker.count < 512)
    #expect(Formatting.uuid(inMarker: marker + "\0\0\0") == "1-2")
    #expect(Formatting.uuid(inMarker: "preroot is") == nil)
    #expect(Formatting.uuid(inMarker: "") == nil)
  }
}
