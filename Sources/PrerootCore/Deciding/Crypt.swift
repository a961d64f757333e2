// SPDX-License-Identifier: MIT
/// How the upper's device is encrypted. See preroot.conf(5), `Crypt=`.
public enum Crypt: Equatable, Sendable {
  case no
  /// With a key of this boot, which is stored nowhere: after power-off nobody can read the changes.
  case random
  /// LUKS, opened without a person and without a file: by a TPM2, or with an empty passphrase.
  case auto
  /// LUKS, opened with this file of the image.
  case keyFile(Text)
  /// A value that is not understood. It counts as encryption that is unavailable: the changes must not go to the device unencrypted
  /// because of a typing error.
  case unreadable(Text)

  public init(_ value: Text) {
    if Enable(value) == .no || value.isEmpty {
      self = .no
    } else if value == "random" {
      self = .random
    } else if value == "auto" {
      self = .auto
    } else if let path = value.normalPath, !(path == "/") {
      self = .keyFile(path)
    } else {
      self = .unreadable(value)
    }
  }

  /// The value as a setting spells it.
  public var text: Text {
    switch self {
    case .no: "no"
    case .random: "random"
    case .auto: "auto"
    case .keyFile(let path): path
    case .unreadable(let value): value
    }
  }

  /// Whether the device has a LUKS header, as it has unless each boot has a new key.
  public var isLUKS: Bool {
    switch self {
    case .auto, .keyFile: true
    default: false
    }
  }

  /// Why no device of this name can be encrypted like this, as half a sentence that follows the name; nil if one may be.
  public func unavailability(of name: DeviceName) -> Text? {
    if self == .no { return nil }
    if case .unreadable(let value) = self {
      return Text("is not used: preroot.crypt=") + value + " is neither no, random, auto nor the path of a key file"
    }
    switch name.kind {
    case .mtd, .ubi: return Text("is not a block device, which preroot.crypt=") + text + " needs"
    case .label where self == .random, .uuid where self == .random:
      return "is the name of a file system, of which preroot.crypt=random leaves none; use PARTLABEL=, PARTUUID= or a path"
    default: return nil
    }
  }
}

/// How to use the upper's device if it is encrypted, according to its contents.
public enum CryptUse: Equatable, Sendable {
  /// Open it: it has the header, or the claim of an earlier boot.
  case open
  /// Write the header, or the claim, first.
  case make
  /// Leave the device alone; the sentence about it says what to do.
  case refuse(Text)

  /// - Parameter probe: nil if the device could not be probed.
  public init(_ probe: Probe?, _ settings: Settings) {
    let crypt = settings.crypt, isRandom = crypt == .random
    switch probe {
    case .blank where !settings.formatsBlank, .unfinished where !settings.formatsBlank:
      self = .refuse(Text("is blank; preroot.format=blank lets preroot.crypt=") + crypt.text + " use it")
    // Else each boot would write a header or make a key before it fails.
    case .blank where !settings.makesFileSystem, .unfinished where !settings.makesFileSystem, .claimed where isRandom && !settings.makesFileSystem:
      self = .refuse(Text("is not used: preroot.fstype=") + settings.fileSystemType + " is not a type that preroot creates, which are ext4 and f2fs")
    case .blank, .unfinished: self = .make
    case .claimed where isRandom: self = .open
    case .claimed: self = .refuse(Self.claimed)
    case .signature(let signature) where signature.type == Self.luks && crypt.isLUKS: self = .open
    case .signature(let signature) where isRandom:
      self = .refuse(Text("holds ") + signature.type + ", which preroot.crypt=random would destroy; it takes a blank device only")
    case .signature(let signature):
      self = .refuse(Text("holds ") + signature.type + ", and is not encrypted with LUKS as preroot.crypt=" + crypt.text + " says")
    case .ambivalent: self = .refuse("has signatures of more than one file system; wipefs(8) lists them")
    case .unknown: self = .refuse("holds unrecognized data and is left alone; preroot.crypt= takes a blank device, or one that it has used")
    case nil: self = .refuse("cannot be probed without libblkid.so.1, which preroot.crypt= needs")
    }
  }

  /// Whether the device has a new key, so that it holds noise once it is open.
  public func givesNewKey(_ settings: Settings) -> Bool { self == .make || settings.crypt == .random }

  /// libblkid's name.
  public static var luks: Text { "crypto_LUKS" }
  /// About a device that the settings do not want to be used like this.
  static var claimed: Text { "holds what preroot.crypt=random has left, which no key opens; zeros in its first MiB make it blank" }
}
