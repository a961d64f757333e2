// SPDX-License-Identifier: MIT
/// The steps that make the root writable, in order, once the upper's file system is mounted (`StorePlan`).
///
/// They assemble everything out of sight, below a private /run: the overlay, and on it the mounts of the root, including /run with the
/// layers. The pivot is the only visible step, and it changes everything at once. If the helper dies before the pivot, the old root is
/// unchanged; if it dies after the pivot, the new root is complete.
public struct OverlayPlan: Equatable, Sendable {
  /// May fail: then the plan undoes the steps, or loses only that part of it (`Step.part`). The last step attaches the overlay.
  public var steps: [Step] = []
  /// After the pivot there is no way back. Each of these steps is worth trying even if another fails.
  public var afterwards: [Step] = []

  /// The directory of the layers.
  private let layers: Text
  /// The directories in `Scope=` of which the device has a committed layer; nil if the layers receive the changes themselves.
  private let committed: [Text]?
  /// The directory of the bind directories. It belongs to no image; the layers may.
  private let bindings: Text
  /// Whether the upper persists across boots.
  private let isPersistent: Bool
  /// The flags of every mount that shows the upper.
  private let flags: UInt64
  /// The number of directories in `Scope=`; 0 for the whole root.
  private(set) var overlaidDirectories = 0

  /// - Parameters:
  ///   - layers: the directory of the layers, if it differs from the settings'.
  ///   - committed: with `Commit=on-demand`, the directories in `Scope=` of which the device has a committed layer.
  ///   - machineID: the ID for an overlay without one of its own; nil if systemd has yet to start and will read the overlay's.
  public init(_ settings: Settings, in layers: Text? = nil, committed: [Text] = [], over mountInfo: MountInfo, machineID: RunningID?) {
    isPersistent = settings.isPersistent
    bindings = settings.upper.isPersistent ? Paths.store + settings.directory : Paths.store
    self.layers = layers ?? bindings
    self.committed = settings.memory == nil ? nil : committed
    var flags = MountOptions(settings.options).flags & (MountOptions.noSetUserID | MountOptions.noDevices | MountOptions.noExecution)
    // With noexec on the root, no program could run.
    if settings.scope == .root { flags &= ~MountOptions.noExecution }
    self.flags = flags
    guard let root = mountInfo.root else { return }
    switch settings.scope {
    case .root: overlayRoot(root, in: mountInfo, settings.binds, machineID)
    case .directories(let directories): overlay(directories, in: mountInfo, settings.binds, machineID)
    }
  }

  // MARK: The whole root

  private mutating func overlayRoot(_ root: MountInfo.Entry, in mountInfo: MountInfo, _ binds: [Text], _ machineID: RunningID?) {
    add(.makeDirectory, Paths.staging)
    mountOverlay(of: Text(), at: Paths.staging)
    // pivot_root(2) rejects a shared new root. Unbindable, because the bind of /run below it must not show it again.
    add(.makeUnbindable, Paths.staging)
    provide(machineID, in: Paths.staging)
    bind(binds, in: Paths.staging)
    let isOnBlockDevice = !root.majorMinor.hasPrefix("0:")
    if isOnBlockDevice {
      // systemd's tools find the disk below an overlay root through this link (systemd: blockdev_get_root()).
      add(.makeLink, "/run/systemd/volatile-root", "/dev/block/" + root.majorMinor)
    }
    // PID 1's transient machine ID stays behind: it is mounted over the lower's file.
    for child in mountInfo.children(of: root) where !child.isMachineID && child.mountPoint.normalPath == child.mountPoint {
      add(.bindRecursively, Paths.staging + child.mountPoint, child.mountPoint)
    }
    // If the helper dies right after the pivot, the boot continues, and mount namespaces need to bind /.
    add(.makePrivate, Paths.staging)
    add(.pivot, Paths.staging)
    addAfterwards(.leaveOldRoot, Text())
    addAfterwards(.makeSharedRecursively, root.isShared ? "/" : "/run")
    if !root.isShared { addAfterwards(.makePrivate, "/") }
    addAfterwards(.removeDirectory, Paths.staging)
    if isOnBlockDevice { addAfterwards(.makeDeviceLink, "/dev/block/" + root.majorMinor) }
    // With `rw` on the kernel command line, every boot would write to the image, and a power cut would make it need recovery. In a
    // container, the file system belongs to the host.
    if root.isWritable, root.isWhole { addAfterwards(.makeFileSystemReadOnly, Paths.lower) }
  }

  // MARK: Only some directories

  private mutating func overlay(_ directories: [Text], in mountInfo: MountInfo, _ binds: [Text], _ machineID: RunningID?) {
    overlaidDirectories = directories.count
    addStoreDirectories(of: Text(), part: Text())
    let mountedID = mountInfo.entries.last { $0.isMachineID }?.mountPoint
    var coversID = false
    for directory in directories {
      let part = "Scope=" + directory
      add(.requireDirectory, Paths.lower + directory, part: part)
      for parent in directory.parents { addStoreDirectories(of: parent, part: part) }
      // Otherwise PID 1's transient ID would stay mounted below the overlay.
      if let mountedID, mountedID.isWithin(directory) {
        add(.unmount, mountedID, RunningID.path, part: part)
        coversID = true
      }
      mountOverlay(of: directory, at: directory, part: part)
      if directory == "/etc" { coversID = true }
    }
    // After all directories: the file can be a link from one into another.
    if coversID { provide(machineID, in: Text()) }
    bind(binds, in: Text())
    addAfterwards(.makeSharedRecursively, "/run")
  }

  // MARK: Pieces

  private mutating func provide(_ machineID: RunningID?, in root: Text) {
    guard let machineID else { return }
    if machineID.isFromCommandLine {
      add(.writeFile, root + "/etc/machine-id", machineID.text + "\n")
    } else {
      add(.provideMachineID, root, machineID.text)
    }
  }

  /// Binds directories past the overlay. Each starts with the lower's contents.
  private mutating func bind(_ directories: [Text], in root: Text) {
    for directory in directories {
      let own = bindings + "/bind/" + directory.unitName, part = "Bind=" + directory
      // First: if there is no mount point, nothing must be left on the store.
      add(.makeMountPoint, root + directory, part: part)
      add(.makeDirectory, bindings + "/bind", part: part)
      add(.seed, own, Paths.lower + directory, part: part)
      steps.append(Step(.bind, root + directory, own, options: MountOptions(flags: flags), part: part))
    }
  }

  /// redirect_dir allows renaming a directory of the lower, as dpkg does; metacopy keeps a chmod from copying the file to memory. Both are
  /// undefined over a lower that changes, as are index and xino. So all four are off for a persistent upper, and overlayfs does not follow
  /// redirects that another mount recorded. See https://docs.kernel.org/filesystems/overlayfs.html, "Changes to underlying filesystems".
  ///
  /// - Parameter directory: empty for the root.
  private mutating func mountOverlay(of directory: Text, at mountPoint: Text, part: Text = Text()) {
    addStoreDirectories(of: directory, part: part)
    let path = directory.escapedForOverlay, store = place.escapedForOverlay
    // What was committed is a lower above the image.
    let above = isCommitted(directory) ? layers.escapedForOverlay + "/upper" + path + ":" : Text()
    let data = Text("lowerdir=") + above + Paths.lower + path
      + ",upperdir=" + store + "/upper" + path + ",workdir=" + store + "/work" + path
      + (isPersistent ? ",index=off,metacopy=off,redirect_dir=nofollow,xino=off" as Text : ",redirect_dir=on,metacopy=on")
    steps.append(Step(.mountOverlay, mountPoint, options: MountOptions(flags: flags, data: data), part: part))
  }

  /// The directory of the layer that receives the changes.
  private var place: Text { committed == nil ? layers : Paths.memory }

  private func isCommitted(_ directory: Text) -> Bool {
    committed?.contains { $0.isWithin(directory.isEmpty ? "/" : directory) } == true
  }

  @inline(never) private mutating func addStoreDirectories(of directory: Text, part: Text) {
    let model = (isCommitted(directory) ? layers + "/upper" : Paths.lower) + directory
    add(.makeStoreDirectory, place + "/upper" + directory, model, part: part)
    add(.makeStoreDirectory, place + "/work" + directory, model, part: part)
  }

  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text, _ other: Text = Text(), part: Text = Text()) {
    steps.append(Step(verb, path, other, part: part))
  }

  @inline(never) private mutating func addAfterwards(_ verb: Step.Verb, _ path: Text) { afterwards.append(Step(verb, path)) }

  /// One line per step.
  public var text: Text { steps.text + afterwards.text }
}

extension [Step] {
  /// One line per step.
  public var text: Text {
    @inline(never) get {
      var text = Text()
      for step in self { text.append(step.text + "\n") }
      return text
    }
  }
}
