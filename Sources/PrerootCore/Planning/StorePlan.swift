// SPDX-License-Identifier: MIT
/// The steps, in order, that put the lower layer and the upper's file system where the overlay takes them from.
///
/// Both stay visible below /run/initramfs. systemd leaves mounts there alone until the very end of shutdown and then remounts them
/// read-only (systemd: fstab_is_extrinsic(), nonunmountable_path()). They are mounted below a private /run, so no other process sees them
/// before they are in use.
public struct StorePlan: Equatable, Sendable {
  /// Any of them may fail; then the plan undoes those before it.
  public var steps: [Step] = []

  /// Less than this is not enough to boot: journal, /var/lib and /tmp need more at once.
  public static var minimumBytes: Int64 { 1 << 20 }
  public static var minimumInodes: Int { 128 }

  /// A loop device of an unknown number.
  public static var loop: Text { "/dev/loopN" }

  /// Plans before the device is known: it assumes the expected file system.
  public init(_ settings: Settings, over mountInfo: MountInfo) {
    switch settings.upper {
    case .tmpfs(let options): self.init(options, over: mountInfo)
    case .device, .unreadable:
      let isTail = settings.upper == .device(DeviceName(.tail, DeviceName.tail))
      self.init(isTail ? Self.loop : settings.upper.text, .open, settings, over: mountInfo)
      if isTail { steps = [Step(.attachLoop, Self.loop, DeviceName.tail)] + steps }
    }
  }

  /// Plans for a device whose file system is unknown until it is opened.
  ///
  /// - Parameter use: only for an encrypted device; not a refusal.
  public init(_ source: Text, _ use: CryptUse, _ settings: Settings, over mountInfo: MountInfo) {
    let isNew = use.givesNewKey(settings)
    let type = isNew ? settings.newFileSystemType : settings.fileSystemType.isEmpty ? "TYPE" : settings.fileSystemType
    let opening = Self.opening(source, use, settings)
    self.init(opening.isEmpty ? source : Paths.mapping, isNew ? .format(type: type) : .mount(type: type), settings, over: mountInfo)
    steps = opening + steps
  }

  /// The steps that open an encrypted device as `Paths.mapping`; none if it is not encrypted.
  public static func opening(_ source: Text, _ use: CryptUse, _ settings: Settings) -> [Step] {
    let key = settings.crypt.text
    if settings.crypt == .no { return [] }
    var steps: [Step] = []
    if use == .make { steps.append(settings.crypt == .random ? Step(.claim, source) : Step(.encrypt, source, key)) }
    steps.append(Step(.open, Paths.mapping, source, type: key))
    return steps
  }

  /// Plans for a tmpfs.
  public init(_ options: TmpfsOptions, over mountInfo: MountInfo) {
    guard attachLower(mountInfo) else { return }
    mountTmpfs(options, at: Paths.store)
  }

  /// Plans for a device.
  ///
  /// - Parameters:
  ///   - source: the source for mount(2).
  ///   - use: must not be a refusal.
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
    // The kernel makes a UBIFS on an empty volume only if that is writable.
    let isReadOnly = settings.keepsDeviceReadOnly && !(fileSystem == "ubifs")
    if isReadOnly { options.flags |= MountOptions.readOnly }
    steps.append(Step(.mountDevice, Paths.store, source, type: fileSystem, options: options))
    guard let memory = settings.memory else {
      add(.requireFitness, Paths.store)
      return
    }
    if settings.keepsDeviceReadOnly, !isReadOnly { add(.forbidWriting, Paths.store) }
    add(.makeDirectory, Paths.memory)
    mountTmpfs(memory, at: Paths.memory)
  }

  /// Files in the layers take effect through the overlay, which has its own flags. Without these, a vulnerable program that was upgraded or
  /// deleted would remain in a layer, still set-user-ID.
  private static var flags: UInt64 { MountOptions.noSetUserID | MountOptions.noDevices }

  @inline(never) private mutating func mountTmpfs(_ options: TmpfsOptions, at place: Text) {
    steps.append(Step(.mountTmpfs, place, options: MountOptions(flags: Self.flags, data: "mode=0755," + options.text)))
    add(.requireSpace, place)
  }

  private mutating func attachLower(_ mountInfo: MountInfo) -> Bool {
    guard let root = mountInfo.root else { return false }
    // pivot_root(2) refuses a new root whose parent is shared.
    if mountInfo.entry(at: "/run")?.isShared == true { add(.makePrivate, "/run") }
    add(.makeDirectory, "/run/initramfs")
    // The layers contain files that directories of the overlay protect, and files of the image that were deleted or made private.
    add(.makeHiddenDirectory, Paths.base)
    add(.makeDirectory, Paths.lower)
    steps.append(Step(.bind, Paths.lower, "/", options: MountOptions(flags: MountOptions.readOnly | Self.flags)))
    // A bind joins the peer group of its source: mounts on the root would propagate below it, too.
    if root.isShared { add(.makePrivate, Paths.lower) }
    add(.makeDirectory, Paths.store)
    return true
  }

  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text, _ other: Text = Text()) { steps.append(Step(verb, path, other)) }
}
