// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("The use of a device")
struct DeviceUseTests {
  static let known: Probe = .signature(Signature(type: "ext4"))
  static let blank = "is blank; preroot.format=blank creates a file system on it"
  static let unknown = "holds unrecognized data and is left alone; preroot.fstype= says what it is"
  static let ambivalent = "has signatures of more than one file system; wipefs(8) lists them"
  static let unlooked = "cannot be probed without libblkid.so.1; preroot.fstype= names its file system"

  /// The probe's result, whether preroot.format=blank is set, preroot.fstype=, and the expected use.
  static let table: [(Probe?, Bool, Text, DeviceUse)] = [
    (.blank, false, "", .refuse(Text(utf8: blank))),
    (.blank, false, "f2fs", .refuse(Text(utf8: blank))),
    (.blank, true, "", .format(type: "ext4")),
    (.blank, true, "f2fs", .format(type: "f2fs")),
    (.unfinished, false, "", .refuse(Text(utf8: blank))),
    (.unfinished, false, "f2fs", .refuse(Text(utf8: blank))),
    (.unfinished, true, "", .format(type: "ext4")),
    (.unfinished, true, "f2fs", .format(type: "f2fs")),
    (known, false, "", .mount(type: "ext4")),
    (known, false, "ext4", .mount(type: "ext4")),
    (known, false, "f2fs", .refuse("holds ext4, not f2fs as preroot.fstype= says")),
    (known, true, "", .mount(type: "ext4")),
    (known, true, "ext4", .mount(type: "ext4")),
    (known, true, "f2fs", .refuse("holds ext4, not f2fs as preroot.fstype= says")),
    (.ambivalent, false, "", .refuse(Text(utf8: ambivalent))),
    (.ambivalent, false, "ext4", .refuse(Text(utf8: ambivalent))),
    (.ambivalent, true, "", .refuse(Text(utf8: ambivalent))),
    (.ambivalent, true, "ext4", .refuse(Text(utf8: ambivalent))),
    (.unknown, false, "", .refuse(Text(utf8: unknown))),
    (.unknown, false, "bcachefs", .mount(type: "bcachefs")),
    (.unknown, true, "", .refuse(Text(utf8: unknown))),
    (.unknown, true, "bcachefs", .mount(type: "bcachefs")),
    (nil, false, "", .refuse(Text(utf8: unlooked))),
    (nil, false, "ext4", .mount(type: "ext4")),
    (nil, true, "", .refuse(Text(utf8: unlooked))),
    (nil, true, "ext4", .mount(type: "ext4")),
  ]

  private func use(_ name: Text, _ probe: Probe?, formatsBlank: Bool, _ type: Text) throws -> DeviceUse {
    var settings = Settings()
    settings.formatsBlank = formatsBlank
    settings.fileSystemType = type
    return DeviceUse(try #require(DeviceName(name)), probe, settings)
  }

  @Test("The contents of a device decide whether it is mounted, formatted or left alone", arguments: table)
  func isUsed(probe: Probe?, formatsBlank: Bool, type: Text, expected: DeviceUse) throws {
    for name in ["/dev/vdb", "LABEL=x", "UUID=x", "PARTLABEL=x", "PARTUUID=x"] as [Text] {
      #expect(try use(name, probe, formatsBlank: formatsBlank, type) == expected)
    }
  }

  @Test("Only a blank or half-formatted device is formatted, and only with preroot.format=blank")
  func isFormattedOnlyWhereBlank() {
    for (probe, formatsBlank, _, use) in Self.table {
      guard case .format = use else { continue }
      #expect(formatsBlank)
      #expect(probe == .blank || probe == .unfinished)
    }
  }

  /// Otherwise the owner of a USB stick would choose which of the kernel's file system drivers reads it.
  @Test("A device with a file system not documented for uppers needs preroot.fstype=", arguments: ["bcachefs", "reiserfs", "zfs_member", "nilfs2", "ntfs3"])
  func isLeftAloneUnlessNamed(type: String) throws {
    let probe = Probe.signature(Signature(type: Text(utf8: type)))
    let sentence = "holds \(type), which is not documented for uppers; preroot.fstype=\(type) mounts it anyway"
    #expect(try use("/dev/vdb", probe, formatsBlank: true, "") == .refuse(Text(utf8: sentence)))
    #expect(try use("/dev/vdb", probe, formatsBlank: true, Text(utf8: type)) == .mount(type: Text(utf8: type)))
  }

  @Test("A device with a file system documented for uppers is mounted", arguments: ["ext2", "ext3", "ext4", "f2fs", "xfs", "btrfs"])
  func isMounted(type: Text) throws {
    #expect(try use("LABEL=x", .signature(Signature(type: type)), formatsBlank: false, "") == .mount(type: type))
  }

  @Test("A device that cannot hold an upper is left alone, even with preroot.fstype=", arguments: [
    "vfat", "exfat", "ntfs", "swap", "LVM2_member", "linux_raid_member", "squashfs", "erofs", "cramfs", "iso9660", "udf", "gpt", "dos",
    "DM_verity_hash",
  ])
  func isLeftAlone(type: String) throws {
    let type = Text(utf8: type)
    for asked in ["", type, "ext4"] {
      #expect(try use("/dev/vdb", .signature(Signature(type: type)), formatsBlank: true, asked)
        == .refuse("holds " + type + ", which cannot hold an upper; use ext4, f2fs, xfs, btrfs or UBIFS"))
    }
  }

  @Test("MTD devices hold JFFS2 and UBI volumes hold UBIFS, unless preroot.fstype= says otherwise", arguments: [
    ("mtd:data", "", "jffs2"), ("mtd:data", "romfs", "romfs"), ("ubi0:data", "", "ubifs"), ("ubi1:data", "other", "other"),
  ])
  func isFlash(name: String, asked: String, expected: String) throws {
    for formatsBlank in [false, true] {
      for probe in [nil, .blank, .unknown, Self.known] as [Probe?] {
        #expect(try use(Text(utf8: name), probe, formatsBlank: formatsBlank, Text(utf8: asked)) == .mount(type: Text(utf8: expected)))
      }
    }
  }

  @Test("A volume with an unfinished UBIFS is emptied, and only with preroot.format=blank")
  func isEmptied() throws {
    for type in ["", "ubifs"] as [Text] {
      #expect(try use("ubi0:data", .unfinished, formatsBlank: true, type) == .format(type: "ubifs"))
      #expect(try use("ubi0:data", .unfinished, formatsBlank: false, type) == .refuse(Text(utf8: Self.blank)))
    }
    #expect(try use("ubi0:data", .unfinished, formatsBlank: true, "other") == .mount(type: "other"))
  }
}
