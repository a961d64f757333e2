/// How a device is named in a setting. See fstab(5) for the tags.
public struct DeviceName: Equatable, Sendable {
  public enum Kind: Int, Sendable {
    /// A node in /dev.
    case path
    case label
    case uuid
    case partLabel
    case partUUID
    /// A flash chip or a part of one: the name that the kernel knows it by, `mtdN` included.
    case mtd
    /// A UBI volume; `number` is the UBI device.
    case ubi
  }
  public var kind: Kind
  public var value: Text
  public var number = 0

  public init(_ kind: Kind, _ value: Text, number: Int = 0) {
    self.kind = kind
    self.value = value
    self.number = number
  }

  /// Reads `/dev/…`, `LABEL=`, `UUID=`, `PARTLABEL=`, `PARTUUID=`, `mtd:NAME`, `ubi:NAME` and `ubiN:NAME`; nil for anything else.
  ///
  /// /dev/disk/by-label/ and the like are udev's links, of which there are none yet: they are taken for the tags they are made
  /// from.
  public init?(_ word: Text) {
    if let value = word.dropping(prefix: "LABEL=") { self.init(.label, value) }
    else if let value = word.dropping(prefix: "UUID=") { self.init(.uuid, value) }
    else if let value = word.dropping(prefix: "PARTLABEL=") { self.init(.partLabel, value) }
    else if let value = word.dropping(prefix: "PARTUUID=") { self.init(.partUUID, value) }
    else if let value = word.dropping(prefix: "mtd:") { self.init(.mtd, value) }
    else if let value = word.dropping(prefix: "/dev/disk/by-label/") { self.init(.label, value.unescapingHexadecimal) }
    else if let value = word.dropping(prefix: "/dev/disk/by-uuid/") { self.init(.uuid, value.unescapingHexadecimal) }
    else if let value = word.dropping(prefix: "/dev/disk/by-partlabel/") { self.init(.partLabel, value.unescapingHexadecimal) }
    else if let value = word.dropping(prefix: "/dev/disk/by-partuuid/") { self.init(.partUUID, value.unescapingHexadecimal) }
    else if word.hasPrefix("/dev/"), word.count > 5 { self.init(.path, word) }
    else if let (number, volume) = word.dropping(prefix: "ubi")?.cut(at: UInt8(ascii: ":")) {
      guard let number = number.isEmpty ? 0 : number.decimalValue else { return nil }
      self.init(.ubi, volume, number: number)
    } else { return nil }
    if value.isEmpty { return nil }
  }

  /// As it is written in a setting.
  public var text: Text {
    let prefix: Text = switch kind {
    case .path: ""
    case .label: "LABEL="
    case .uuid: "UUID="
    case .partLabel: "PARTLABEL="
    case .partUUID: "PARTUUID="
    case .mtd: "mtd:"
    case .ubi: Text("ubi") + Text(decimal: number) + ":"
    }
    return prefix + value
  }

  /// The value that the lines `NAME=value` give for this kind of name; nil where they give none.
  public func value(in properties: Text) -> Text? {
    switch kind {
    case .label: properties.value(of: "LABEL")
    case .uuid: properties.value(of: "UUID")
    case .partLabel: properties.value(of: "PARTNAME")
    case .partUUID: properties.value(of: "PARTUUID")
    default: nil
    }
  }

  /// Whether `other` is the value; of a UUID, in whatever letters.
  public func isCalled(_ other: Text) -> Bool {
    kind == .uuid || kind == .partUUID ? other.lowercased == value.lowercased : other == value
  }
}

extension Text {
  /// Blanks, slashes and more come as `\x20` and the like (libblkid: blkid_encode_string()).
  var unescapingHexadecimal: Text {
    var out = Text()
    var place = 0
    while place < count {
      if place + 3 < count, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "x"),
        let high = bytes[place + 2].hexadecimalDigit, let low = bytes[place + 3].hexadecimalDigit
      {
        out.append(high << 4 | low)
        place += 4
      } else {
        out.append(bytes[place])
        place += 1
      }
    }
    return out
  }
}

extension UInt8 {
  fileprivate var hexadecimalDigit: UInt8? {
    if isDigit { return self - UInt8(ascii: "0") }
    let letter = self | 0x20
    return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "f") ? letter - UInt8(ascii: "a") + 10 : nil
  }
}
