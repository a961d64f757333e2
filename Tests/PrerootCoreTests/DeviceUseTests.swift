// SPDX-License-Identifier: MIT
import Testing

@testable import PrerootCore

@Suite("The device for the upper")
struct DeviceUseTests {
  static let known: Probe = .signature(Signature(type: "ext4"))
  static let blank = "is blank; preroot.format=blank creates a file system on it"
  static let unknown = "holds unrecognized data and is left alone; preroot.fstype= says what it is"
  static let ambivalent = "has signatures of more than one file system; wipefs(8) lists them"
  static let unlooked = "cannot be probed without libblkid.so.1; preroot.fstype= names its file system"

  /// What is on it, whether format=blank, and fstype=; what is done.
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

  @Test("is mounted, formatted or left alone by what is on it", arguments: table)
  func isUsed(probe: Probe?, formatsBlank: Bool, type: Text, expected: DeviceUse) throws {
    for name in ["/dev/vdb", "LABEL=x", "UUID=x", "PARTLABEL=x", "PARTUUID=x"] as [Text] {
      #expect(try use(name, probe, formatsBlank: formatsBlank, type) == expected)
    }
  }

  @Test("is formatted where it is blank or was so, where that is asked for, and never else")
  func isFormattedOnlyWhereBlank() {
    for (probe, formatsBlank, _, use) in Self.table {
      guard case .format = use else { continue }
      #expect(formatsBlank)
      #expect(probe == .blank || probe == .unfinished)
    }
  }

  /// Whoever brings a stick chooses which of the kernel's readers gets it.
  @Test("is left alone where it holds what is not known to hold an upper, unless that is named", arguments: ["bcachefs", "reiserfs", "zfs_member", "nilfs2", "ntfs3"])
  func isLeftAloneUnlessNamed(type: String) throws {
    let probe = Probe.signature(Signature(type: Text(utf8: type)))
    let sentence = "holds \(type), which is not documented for uppers; preroot.fstype=\(type) mounts it anyway"
    #expect(try use("/dev/vdb", probe, formatsBlank: true, "") == .refuse(Text(utf8: sentence)))
    #expect(try use("/dev/vdb", probe, formatsBlank: true, Text(utf8: type)) == .mount(type: Text(utf8: type)))
  }

  @Test("is mounted where it holds one that is documented as an upper", arguments: ["ext2", "ext3", "ext4", "f2fs", "xfs", "btrfs"])
  func isMounted(type: Text) throws {
    #expect(try use("LABEL=x", .signature(Signature(type: type)), formatsBlank: false, "") == .mount(type: type))
  }

  @Test("is left alone where it holds what can hold no upper, whatever is asked for", arguments: [
    "vfat", "exfat", "ntfs", "swap", "crypto_LUKS", "LVM2_member", "linux_raid_member", "squashfs", "erofs", "cramfs", "iso9660", "udf", "gpt", "dos",
    "DM_verity_hash",
  ])
  func isLeftAlone(type: String) throws {
    let type = Text(utf8: type)
    for asked in ["", type, "ext4"] {
      #expect(try use("/dev/vdb", .signature(Signature(type: type)), formatsBlank: true, asked)
        == .refuse("holds " + type + ", which cannot hold an upper; use ext4, f2fs, xfs, btrfs or UBIFS"))
    }
  }

  @Test("of flash has the one file system that there is for it, where no other is named", arguments: [
    ("mtd:data", "", "jffs2"), ("mtd:data", "romfs", "romfs"), ("ubi0:data", "", "ubifs"), ("ubi1:data", "other", "other"),
  ])
  func isFlash(name: String, asked: String, expected: String) throws {
    for formatsBlank in [false, true] {
      for probe in [nil, .blank, .unknown, Self.known] as [Probe?] {
        #expect(try use(Text(utf8: name), probe, formatsBlank: formatsBlank, Text(utf8: asked)) == .mount(type: Text(utf8: expected)))
      }
    }
  }
}
