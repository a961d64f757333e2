// SPDX-License-Identifier: MIT
/// How the root becomes writable, once the upper's file system is there (`StorePlan`): the steps in their order.
///
/// All is put together out of sight, below a private /run: the overlay, and on it what is mounted on the root, /run with the layers
/// included. The pivot is the one step that changes what anybody sees, and it changes everything. One who dies before it leaves the old
/// root as it was, one who dies after it a root that is whole.
public struct OverlayPlan: Equatable, Sendable {
  /// May fail: then what was done is taken back, or only that part of it is lost (`Step.part`). The last of them attaches.
  public var steps: [Step] = []
  /// After the pivot there is no way back, and each of these is worth trying whatever became of the others.
  public var afterwards: [Step] = []

  /// The directory of the layers.
  private let layers: Text
  /// The directory of what is taken past the overlay: not of one image, as the layers may be.
  private let bindings: Text
  /// Whether the upper outlives the boot.
  private let isPersistent: Bool
  /// Of every mount that shows the upper.
  private let flags: UInt64
  /// Directories of `Scope=`; 0 for the root.
  private(set) var overlaidDirectories = 0

  /// - Parameters:
  ///   - layers: the directory where the layers are, if it is not the one that the settings name.
  ///   - machineID: for an overlay without one of its own; nil where systemd has yet to read it.
  public init(_ settings: Settings, in layers: Text? = nil, over mountInfo: MountInfo, machineID: RunningID?) {
    isPersistent = settings.upper.isPersistent
    bindings = isPersistent ? Paths.store + settings.directory : Paths.store
    self.layers = layers ?? bindings
    var flags = MountOptions(settings.options).flags & (MountOptions.noSetUserID | MountOptions.noDevices | MountOptions.noExecution)
    // Nothing could be run.
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
    // pivot_root(2) does not want it shared; and /run, which is shown below it, is not to be shown there with it.
    add(.makeUnbindable, Paths.staging)
    provide(machineID, in: Paths.staging)
    bind(binds, in: Paths.staging)
    let isOnBlockDevice = !root.majorMinor.hasPrefix("0:")
    if isOnBlockDevice {
      // Where systemd's tools look for the disk behind a root like this one (systemd: blockdev_get_root()).
      add(.makeLink, "/run/systemd/volatile-root", "/dev/block/" + root.majorMinor)
    }
    // PID 1's transient machine ID stays behind: it is mounted on the lower's file.
    for child in mountInfo.children(of: root) where !child.isMachineID && child.mountPoint.normalPath == child.mountPoint {
      add(.bindRecursively, Paths.staging + child.mountPoint, child.mountPoint)
    }
    // Whoever goes on where this one dies right after the pivot needs to bind / for mount namespaces of its own.
    add(.makePrivate, Paths.staging)
    add(.pivot, Paths.staging)
    addAfterwards(.leaveOldRoot, Text())
    addAfterwards(.makeSharedRecursively, root.isShared ? "/" : "/run")
    if !root.isShared { addAfterwards(.makePrivate, "/") }
    addAfterwards(.removeDirectory, Paths.staging)
    if isOnBlockDevice { addAfterwards(.makeDeviceLink, "/dev/block/" + root.majorMinor) }
    // With `rw` on the kernel command line the image would be written to at every boot, and need recovery after a power cut. What a
    // container shows of its host's file system is the host's affair.
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
      // PID 1's transient ID would stay mounted under the overlay.
      if let mountedID, mountedID.isWithin(directory) {
        add(.unmount, mountedID, RunningID.path, part: part)
        coversID = true
      }
      mountOverlay(of: directory, at: directory, part: part)
      if directory == "/etc" { coversID = true }
    }
    // When all are there: the file can be a link from one into another.
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

  /// Directories past the overlay, each with what the lower has in it at the first time.
  private mutating func bind(_ directories: [Text], in root: Text) {
    for directory in directories {
      let own = bindings + "/bind/" + directory.unitName, part = "Bind=" + directory
      // First: without a place nothing is to be left on the store.
      add(.makeMountPoint, root + directory, part: part)
      add(.makeDirectory, bindings + "/bind", part: part)
      add(.seed, own, Paths.lower + directory, part: part)
      steps.append(Step(.bind, root + directory, own, options: MountOptions(flags: flags), part: part))
    }
  }

  /// redirect_dir lets a directory of the lower be renamed, which dpkg does; metacopy keeps a chmod from copying the file to memory.
  /// Over a lower that changes both are undefined, as are index and xino; so they are off for an upper that outlives its boot, and what
  /// another mount wrote down of redirections is not followed, either. See
  /// https://docs.kernel.org/filesystems/overlayfs.html, "Changes to underlying filesystems".
  ///
  /// - Parameter directory: empty for the root.
  private mutating func mountOverlay(of directory: Text, at place: Text, part: Text = Text()) {
    addStoreDirectories(of: directory, part: part)
    let path = directory.escapedForOverlay, store = layers.escapedForOverlay
    let data = Text("lowerdir=/run/initramfs/preroot/lower") + path
      + ",upperdir=" + store + "/upper" + path + ",workdir=" + store + "/work" + path
      + (isPersistent ? ",index=off,metacopy=off,redirect_dir=nofollow,xino=off" as Text : ",redirect_dir=on,metacopy=on")
    steps.append(Step(.mountOverlay, place, options: MountOptions(flags: flags, data: data), part: part))
  }

  @inline(never) private mutating func addStoreDirectories(of directory: Text, part: Text) {
    add(.makeStoreDirectory, layers + "/upper" + directory, Paths.lower + directory, part: part)
    add(.makeStoreDirectory, layers + "/work" + directory, Paths.lower + directory, part: part)
  }

  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text, _ other: Text = Text(), part: Text = Text()) {
    steps.append(Step(verb, path, other, part: part))
  }

  @inline(never) private mutating func addAfterwards(_ verb: Step.Verb, _ path: Text) { afterwards.append(Step(verb, path)) }

  /// One line a step.
  public var text: Text { steps.text + afterwards.text }
}

extension [Step] {
  /// One line a step.
  public var text: Text {
    @inline(never) get {
      var text = Text()
      for step in self { text.append(step.text + "\n") }
      return text
    }
  }
}
