// SPDX-License-Identifier: MIT
/// The name of a device in a setting. See fstab(5) for the tags.
public struct DeviceName: Equatable, Sendable {
  public enum Kind: Int, Sendable {
    /// A node in /dev.
    case path
    case label
    case uuid
    case partLabel
    case partUUID
    /// A flash chip or a partition of one: the kernel's name for it, `mtdN` included.
    case mtd
    /// A UBI volume; `number` is the UBI device.
    case ubi
    /// The room behind the image on the root's device: `tail`.
    case tail

    /// Reads a tag in lower case.
    @inline(never) fileprivate init?(tag: Text) {
      switch tag {
      case "label": self = .label
      case "uuid": self = .uuid
      case "partlabel": self = .partLabel
      case "partuuid": self = .partUUID
      default: return nil
      }
    }
  }
  public var kind: Kind
  public var value: Text
  public var number = 0

  public init(_ kind: Kind, _ value: Text, number: Int = 0) {
    self.kind = kind
    self.value = value
    self.number = number
  }

  /// Reads `/dev/…`, `LABEL=`, `UUID=`, `PARTLABEL=`, `PARTUUID=`, `mtd:NAME`, `ubi:NAME`, `ubiN:NAME` or `tail`; nil for anything else.
  ///
  /// udev makes the links in /dev/disk/by-label/ and the like, and does not run yet; they are read as the tags that they stand for.
  public init?(_ word: Text) {
    kind = .path
    value = word
    if let (tag, name) = word.dropping(prefix: "/dev/disk/by-")?.cut(at: UInt8(ascii: "/")), let itsKind = Kind(tag: tag) {
      kind = itsKind
      value = name.unescapingHexadecimal
    } else if let path = word.dropping(prefix: "/dev/") {
      if path.isEmpty { return nil }
    } else if let (tag, name) = word.cut(at: UInt8(ascii: "=")) {
      guard let itsKind = Kind(tag: tag.lowercased) else { return nil }
      kind = itsKind
      value = name
    } else if let (before, name) = word.cut(at: UInt8(ascii: ":")) {
      value = name
      if before == "mtd" {
        kind = .mtd
      } else {
        // The kernel has 32 of them. See linux: include/linux/mtd/ubi.h, UBI_MAX_DEVICES.
        guard let digits = before.dropping(prefix: "ubi"), let itsNumber = digits.isEmpty ? 0 : digits.decimalValue, itsNumber < 32 else { return nil }
        kind = .ubi
        number = itsNumber
      }
    } else if word == Self.tail {
      kind = .tail
    } else { return nil }
    if value.isEmpty { return nil }
  }

  static var tail: Text { "tail" }

  /// The name as a setting spells it.
  public var text: Text {
    let prefix: Text = switch kind {
    case .path, .tail: ""
    case .label: "LABEL="
    case .uuid: "UUID="
    case .partLabel: "PARTLABEL="
    case .partUUID: "PARTUUID="
    case .mtd: "mtd:"
    case .ubi: Text("ubi") + Text(decimal: number) + ":"
    }
    return prefix + value
  }

  /// Returns the value for this kind of name among the lines `NAME=value`; nil if there is none.
  public func value(in properties: Text) -> Text? {
    switch kind {
    case .label: properties.value(of: "LABEL")
    case .uuid: properties.value(of: "UUID")
    case .partLabel: properties.value(of: "PARTNAME")
    case .partUUID: properties.value(of: "PARTUUID")
    default: nil
    }
  }

  /// Returns whether `other` is the value. UUIDs ignore case.
  public func isCalled(_ other: Text) -> Bool {
    kind == .uuid || kind == .partUUID ? other.lowercased == value.lowercased : other == value
  }
}
