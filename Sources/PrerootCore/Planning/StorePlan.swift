// SPDX-License-Identifier: MIT
/// How the lower layer and the upper's file system come to where the overlay takes them from: the steps in their order.
///
/// Both stay visible below /run/initramfs, where systemd leaves mounts alone until the very end of shutdown and then remounts them
/// read-only (systemd: fstab_is_extrinsic(), nonunmountable_path()). They are mounted below a private /run, so nobody sees them before
/// they are in use.
public struct StorePlan: Equatable, Sendable {
  /// Any of them may fail: then what was done is taken back.
  public var steps: [Step] = []

  /// Less than this holds no boot: journal, /var/lib and /tmp want more at once.
  public static var minimumBytes: Int64 { 1 << 20 }
  public static var minimumInodes: Int { 128 }

  /// What can be said before the device is there: as if it held what it is expected to.
  public init(_ settings: Settings, over mountInfo: MountInfo) {
    switch settings.upper {
    case .tmpfs(let options): self.init(options, over: mountInfo)
    case .device, .unreadable:
      let type: Text = settings.fileSystemType.isEmpty ? "TYPE" : settings.fileSystemType
      self.init(settings.upper.text, .mount(type: type), settings, over: mountInfo)
    }
  }

  /// Memory.
  public init(_ options: TmpfsOptions, over mountInfo: MountInfo) {
    guard attachLower(mountInfo) else { return }
    steps.append(Step(.mountTmpfs, Paths.store, options: MountOptions(flags: Self.flags, data: "mode=0755," + options.text)))
    add(.requireSpace, Paths.store)
  }

  /// A device.
  ///
  /// - Parameters:
  ///   - source: what mount(2) takes for it.
  ///   - use: not a refusal.
  public init(_ source: Text, _ use: DeviceUse, _ settings: Settings, over mountInfo: MountInfo) {
    guard attachLower(mountInfo) else { return }
    var fileSystem = Text()
    switch use {
    case .refuse: return
    case .format(let type):
      add(.format, source, type)
      fileSystem = type
    case .mount(let type):
      if settings.checksFileSystem(of: type) { add(.check, source, type) }
      fileSystem = type
    }
    var options = MountOptions(settings.options)
    options.flags |= Self.flags
    steps.append(Step(.mountDevice, Paths.store, source, type: fileSystem, options: options))
    add(.requireFitness, Paths.store)
  }

  /// What the layers hold takes effect through the overlay, which has its own flags. Without these, a program that was upgraded or
  /// deleted because of a hole would lie there, still set-user-ID.
  private static var flags: UInt64 { MountOptions.noSetUserID | MountOptions.noDevices }

  private mutating func attachLower(_ mountInfo: MountInfo) -> Bool {
    guard let root = mountInfo.root else { return false }
    // pivot_root(2) refuses a new root whose parent is shared.
    if mountInfo.entry(at: "/run")?.isShared == true { add(.makePrivate, "/run") }
    add(.makeDirectory, "/run/initramfs")
    // The layers show what directories of the overlay protect, and deleted or closed files of the image.
    add(.makeHiddenDirectory, Paths.base)
    add(.makeDirectory, Paths.lower)
    steps.append(Step(.bind, Paths.lower, "/", options: MountOptions(flags: MountOptions.readOnly | Self.flags)))
    // A bind has the peers of what it shows: mounts on the root would be seen below it, too.
    if root.isShared { add(.makePrivate, Paths.lower) }
    add(.makeDirectory, Paths.store)
    return true
  }

  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text, _ other: Text = Text()) { steps.append(Step(verb, path, other)) }
}
