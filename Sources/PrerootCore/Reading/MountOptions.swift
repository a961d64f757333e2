/// Options of a mount as people write them, in the two parts that the kernel wants: flags, and the file system's own words.
/// See mount(2), mount(8) "FILESYSTEM-INDEPENDENT MOUNT OPTIONS".
public struct MountOptions: Equatable, Sendable {
  /// MS_RDONLY and the like.
  public var flags: UInt64 = 0
  /// What is no flag, with commas between.
  public var data = Text()

  public static var nosuid: UInt64 { 1 << 1 }
  public static var nodev: UInt64 { 1 << 2 }
  public static var noexec: UInt64 { 1 << 3 }
  /// Those of the flags that a mount has for itself, whatever other mounts of the same file system have, and that protect: they go on
  /// every mount that shows the upper.
  public var protection: UInt64 { flags & (Self.nosuid | Self.nodev | Self.noexec) }

  public init(_ text: Text) {
    for option in text.split(at: UInt8(ascii: ",")) {
      switch option {
      case "defaults", "rw": break
      case "ro": flags |= 1
      case "nosuid": flags |= Self.nosuid
      case "nodev": flags |= Self.nodev
      case "noexec": flags |= Self.noexec
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
