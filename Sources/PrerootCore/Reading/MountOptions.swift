/// Options of a mount as people write them, in the two parts that the kernel wants: flags, and the file system's own words.
/// See mount(2), mount(8) "FILESYSTEM-INDEPENDENT MOUNT OPTIONS".
public struct MountOptions: Equatable, Sendable {
  /// MS_RDONLY and the like.
  public var flags: UInt64 = 0
  /// What is no flag, with commas between.
  public var data = Text()

  public static var readOnly: UInt64 { 1 }
  public static var noSetUserID: UInt64 { 1 << 1 }
  public static var noDevices: UInt64 { 1 << 2 }
  public static var noExecution: UInt64 { 1 << 3 }

  public init(flags: UInt64 = 0, data: Text = Text()) {
    self.flags = flags
    self.data = data
  }

  public init(_ text: Text) {
    for option in text.split(at: UInt8(ascii: ",")) {
      if option == "defaults" || option == "rw" { continue }
      if let place = option.place(among: Self.words, isExact: true) {
        flags |= Self.flag(place)
      } else {
        if !data.isEmpty { data.append(",") }
        data.append(option)
      }
    }
  }

  /// With commas between, as they are written.
  public var text: Text {
    var options: [Text] = []
    let words = Text(stringLiteral: Self.words).words
    for place in words.indices where flags & Self.flag(place) != 0 { options.add(words[place]) }
    if !data.isEmpty { options.add(data) }
    return Text(joining: options, separator: ",")
  }

  /// The words for flags, in the order of `flag(_:)`. See linux: include/uapi/linux/mount.h.
  private static var words: StaticString { "ro nosuid nodev noexec sync dirsync noatime nodiratime relatime strictatime lazytime" }

  private static func flag(_ place: Int) -> UInt64 {
    switch place {
    case 0...4: 1 << UInt64(place)
    case 5: 1 << 7
    case 6: 1 << 10
    case 7: 1 << 11
    case 8: 1 << 21
    case 9: 1 << 24
    default: 1 << 25
    }
  }
}
