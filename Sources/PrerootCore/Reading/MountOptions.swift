// SPDX-License-Identifier: MIT
/// Mount options as users write them, in the two parts that the kernel wants: flags, and data for the file system.
/// See mount(2), mount(8) "FILESYSTEM-INDEPENDENT MOUNT OPTIONS".
public struct MountOptions: Equatable, Sendable {
  /// MS_RDONLY and the like.
  public var flags: UInt64 = 0
  /// Options that are not flags, separated by commas.
  public var data = Text()

  public static var readOnly: UInt64 { MountFlag.readOnly.bit }
  public static var noSetUserID: UInt64 { MountFlag.noSetUserID.bit }
  public static var noDevices: UInt64 { MountFlag.noDevices.bit }
  public static var noExecution: UInt64 { MountFlag.noExecution.bit }

  public init(flags: UInt64 = 0, data: Text = Text()) {
    self.flags = flags
    self.data = data
  }

  public init(_ text: Text) {
    var others: [Text] = []
    for option in text.split(at: UInt8(ascii: ",")) {
      if option == "defaults" || option == "rw" { continue }
      if let flag = MountFlag(option) {
        flags |= flag.bit
      } else {
        others.add(option)
      }
    }
    data = Text(joining: others, separator: ",")
  }

  /// The options as users write them, separated by commas.
  public var text: Text {
    var options: [Text] = []
    for flag in MountFlag.allCases where flags & flag.bit != 0 { options.add(flag.text) }
    if !data.isEmpty { options.add(data) }
    return Text(joining: options, separator: ",")
  }
}

/// An option that is a flag of mount(2).
enum MountFlag: Keyword {
  case readOnly, noSetUserID, noDevices, noExecution, synchronous, synchronousDirectories, noAccessTimes, noAccessTimesOfDirectories,
    relativeAccessTimes, strictAccessTimes, lazyTimes

  var word: Text {
    switch self {
    case .readOnly: "ro"
    case .noSetUserID: "nosuid"
    case .noDevices: "nodev"
    case .noExecution: "noexec"
    case .synchronous: "sync"
    case .synchronousDirectories: "dirsync"
    case .noAccessTimes: "noatime"
    case .noAccessTimesOfDirectories: "nodiratime"
    case .relativeAccessTimes: "relatime"
    case .strictAccessTimes: "strictatime"
    case .lazyTimes: "lazytime"
    }
  }

  /// See linux: include/uapi/linux/mount.h.
  var bit: UInt64 {
    switch self {
    case .readOnly: 1
    case .noSetUserID: 1 << 1
    case .noDevices: 1 << 2
    case .noExecution: 1 << 3
    case .synchronous: 1 << 4
    case .synchronousDirectories: 1 << 7
    case .noAccessTimes: 1 << 10
    case .noAccessTimesOfDirectories: 1 << 11
    case .relativeAccessTimes: 1 << 21
    case .strictAccessTimes: 1 << 24
    case .lazyTimes: 1 << 25
    }
  }
}
