// SPDX-License-Identifier: MIT
/// How to use the upper's device, according to its contents.
public enum DeviceUse: Equatable, Sendable {
  case mount(type: Text)
  /// Create a file system first.
  case format(type: Text)
  /// Leave the device alone; the sentence about it says what to do.
  case refuse(Text)

  /// - Parameter probe: nil if the device could not be probed.
  public init(_ name: DeviceName, _ probe: Probe?, _ settings: Settings) {
    let asked = settings.fileSystemType
    switch name.kind {
    case .mtd: self = .mount(type: asked.isEmpty ? "jffs2" : asked)
    case .ubi:
      let type = asked.isEmpty ? "ubifs" : asked
      // The kernel creates a UBIFS itself, on a volume that is empty.
      if !(probe == .unfinished && type == "ubifs") { self = .mount(type: type) }
      else { self = settings.formatsBlank ? .format(type: type) : .refuse(Self.blank) }
    default: self.init(probe, asked, settings)
    }
  }

  private init(_ probe: Probe?, _ asked: Text, _ settings: Settings) {
    switch probe {
    case .blank where !settings.formatsBlank, .unfinished where !settings.formatsBlank:
      self = .refuse(Self.blank)
    case .blank, .unfinished:
      self = .format(type: settings.newFileSystemType)
    case .claimed: self = .refuse(CryptUse.claimed)
    case .signature(let signature):
      if signature.type == CryptUse.luks {
        self = .refuse("holds crypto_LUKS: it is encrypted, and preroot.crypt= says how to open it")
      } else if signature.type.isOne(of: Self.holdsNone) {
        self = .refuse(Text("holds ") + signature.type + ", which cannot hold an upper; use ext4, f2fs, xfs, btrfs or UBIFS")
      } else if !asked.isEmpty, !(asked == signature.type) {
        self = .refuse(Text("holds ") + signature.type + ", not " + asked + " as preroot.fstype= says")
      } else if asked.isEmpty, !signature.type.isOne(of: Self.holdsUpper) {
        self = .refuse(Text("holds ") + signature.type + ", which is not documented for uppers; preroot.fstype=" + signature.type + " mounts it anyway")
      } else {
        self = .mount(type: signature.type)
      }
    case .ambivalent:
      self = .refuse("has signatures of more than one file system; wipefs(8) lists them")
    case .unknown where asked.isEmpty:
      self = .refuse("holds unrecognized data and is left alone; preroot.fstype= says what it is")
    case nil where asked.isEmpty:
      self = .refuse("cannot be probed without libblkid.so.1; preroot.fstype= names its file system")
    case .unknown, nil:
      self = .mount(type: asked)
    }
  }

  private static var blank: Text { "is blank; preroot.format=blank creates a file system on it" }

  /// libblkid's names. The kernel is not given other file systems to parse, because a stick may hold anything.
  private static var holdsUpper: Text { "ext2 ext3 ext4 f2fs xfs btrfs ubifs jffs2" }
  /// The types that preroot can create.
  static var makesTypes: Text { "ext4 f2fs" }
  static var holdsNone: Text {
    "vfat exfat ntfs swap LVM2_member linux_raid_member squashfs erofs cramfs iso9660 udf gpt dos DM_verity_hash"
  }
}
