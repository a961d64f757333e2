/// What is mounted in a mount namespace, in the order of mounting. See proc_pid_mountinfo(5), whose names the fields have.
public struct MountInfo: Equatable, Sendable {
  public struct Entry: Equatable, Sendable {
    public var mountID: Int
    public var parentID: Int
    /// `MAJOR:MINOR`, the st_dev of files on it.
    public var majorMinor: Text
    public var root: Text
    public var mountPoint: Text
    /// Of this mount. Inside a generator's sandbox (systemd >= 253) this says `ro` everywhere.
    public var mountOptions: [Text]
    public var optionalFields: [Text]
    public var fileSystemType: Text
    public var mountSource: Text
    /// Of the file system itself, whoever looks.
    public var superOptions: [Text]

    /// Reads one line; nil where it is not one.
    public init?(parsing line: Text) {
      let fields = line.words
      guard fields.count >= 10, let separator = fields.indices.first(where: { $0 >= 6 && fields[$0] == "-" }),
        fields.count >= separator + 4, let mountID = fields[0].decimalValue, let parentID = fields[1].decimalValue
      else { return nil }
      self.mountID = mountID
      self.parentID = parentID
      majorMinor = fields[2]
      root = fields[3].unescapingOctal
      mountPoint = fields[4].unescapingOctal
      mountOptions = fields[5].split(at: UInt8(ascii: ","))
      optionalFields = Array(fields[6..<separator])
      fileSystemType = fields[separator + 1]
      mountSource = fields[separator + 2].unescapingOctal
      superOptions = fields[separator + 3].split(at: UInt8(ascii: ","))
    }

    /// Whether mounts below it propagate to its peers (`shared:N`).
    public var isShared: Bool { optionalFields.contains { $0.hasPrefix("shared:") } }
    /// Whether this mount shows another one's file system under a name of its own: preroot's overlays do.
    public var isOverlayOfPreroot: Bool { fileSystemType == "overlay" && mountSource == "preroot" }
  }

  public var entries: [Entry]

  public init(parsing text: Text) {
    entries = text.lines.compactMap { Entry(parsing: $0) }
  }

  /// The mount that a path ending exactly at `mountPoint` leads to: the last one there.
  public func entry(at mountPoint: Text) -> Entry? {
    entries.last { $0.mountPoint == mountPoint }
  }
  public var root: Entry? { entry(at: "/") }

  /// The mounts that stand directly on `entry`.
  public func children(of entry: Entry) -> [Entry] {
    entries.filter { $0.parentID == entry.mountID && $0.mountID != entry.mountID }
  }
}

extension Text {
  /// Blanks, tabs, newlines, `#` and backslashes come as `\040` and the like. See proc_pid_mounts(5), fstab(5).
  var unescapingOctal: Text {
    guard bytes.contains(UInt8(ascii: "\\")) else { return self }
    var out = Text()
    var place = 0
    while place < count {
      if bytes[place] == UInt8(ascii: "\\"), place + 3 < count, let byte = octalByte(at: place + 1) {
        out.append(byte)
        place += 4
      } else {
        out.append(bytes[place])
        place += 1
      }
    }
    return out
  }

  private func octalByte(at place: Int) -> UInt8? {
    var value = 0
    for byte in bytes[place..<(place + 3)] {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "7") else { return nil }
      value = value * 8 + Int(byte - UInt8(ascii: "0"))
    }
    return UInt8(exactly: value)
  }
}
