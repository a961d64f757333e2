/// Options of a mount as people write them, in the two parts that the kernel wants: flags, and the file system's own words.
/// See mount(2), mount(8) "FILESYSTEM-INDEPENDENT MOUNT OPTIONS".
public struct MountOptions: Equatable, Sendable {
  /// MS_RDONLY and the like.
  public var flags: UInt64 = 0
  /// What is no flag, with commas between.
  public var data = Text()

  public init(_ text: Text) {
    for option in text.split(at: UInt8(ascii: ",")) {
      switch option {
      case "defaults", "rw": break
      case "ro": flags |= 1
      case "nosuid": flags |= 1 << 1
      case "nodev": flags |= 1 << 2
      case "noexec": flags |= 1 << 3
      case "sync": flags |= 1 << 4
      case "dirsync": flags |= 1 << 7
      case "noatime": flags |= 1 << 10
      case "nodiratime": flags |= 1 << 11
      case "relatime": flags |= 1 << 21
      case "strictatime": flags |= 1 << 24
      case "lazytime": flags |= 1 << 25
      default:
        if !data.isEmpty { data.append(",") }
        data.append(option)
      }
    }
  }
}
