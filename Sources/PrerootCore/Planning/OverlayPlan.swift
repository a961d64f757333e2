/// How the root becomes writable, once the upper's file system is there (`StorePlan`): the steps in their order.
///
/// What is mounted before the pivot is mounted below a private /run, so nobody sees it and one unmount takes it back.
public struct OverlayPlan: Equatable, Sendable {
  /// May fail: then what was done is taken back. The last of them attaches.
  public var steps: [Step] = []
  /// After the pivot there is no way back, and each of these is worth trying whatever became of the others.
  public var afterwards: [Step] = []

  static var root: Text { "/run/initramfs/preroot/root" }

  /// The directory of the layers.
  private let layers: Text
  /// The directory of what is taken past the overlay: not of one image, as the layers may be.
  private let bindings: Text
  /// Whether the upper outlives the boot.
  private let isPersistent: Bool

  /// - Parameters:
  ///   - layers: the directory where the layers are, if it is not the one that the settings name.
  ///   - machineID: for an overlay without one of its own.
  public init(_ settings: Settings, in layers: Text? = nil, over mountInfo: MountInfo, machineID: RunningID) {
    isPersistent = settings.upper.isPersistent
    bindings = isPersistent ? Paths.store + settings.directory : Paths.store
    self.layers = layers ?? bindings
    guard let root = mountInfo.root else { return }
    switch settings.scope {
    case .root: overlayRoot(root, in: mountInfo, settings.binds, machineID)
    case .directories(let directories): overlay(directories, in: mountInfo, settings.binds, machineID)
    }
  }

  // MARK: The whole root

  private mutating func overlayRoot(_ root: MountInfo.Entry, in mountInfo: MountInfo, _ binds: [Text], _ machineID: RunningID) {
    add(.makeDirectory, Self.root)
    mountOverlay(of: Text(), at: Self.root)
    settle(machineID, in: Self.root)
    bind(binds, in: Self.root)
    if !root.majorMinor.hasPrefix("0:") {
      // Where systemd's tools look for the disk behind a root like this one (systemd: blockdev_get_root()).
      add(.makeLink, "/run/systemd/volatile-root", "/dev/block/" + root.majorMinor)
    }
    // What is mounted on directories of the root has to come along: /run, /dev, /proc, /sys. Not before the pivot: the new
    // root lies below /run, and a mount cannot be moved into itself (ELOOP). PID 1's transient machine ID stays behind: it is
    // mounted on the lower's file.
    for child in mountInfo.children(of: root) where !(child.mountPoint == "/etc/machine-id") {
      add(.requireMountPoint, Self.root + child.mountPoint)
      addAfterwards(.carry, child.mountPoint)
    }
    if root.isShared { add(.makePrivate, "/") }
    add(.pivot, Self.root)
    addAfterwards(.leaveOldRoot, Text())
    addAfterwards(.makeSharedRecursively, root.isShared ? "/" : "/run")
    addAfterwards(.removeDirectory, Self.root)
  }

  // MARK: Only some directories

  private mutating func overlay(_ directories: [Text], in mountInfo: MountInfo, _ binds: [Text], _ machineID: RunningID) {
    // Each is required before the first is mounted, so that a wrong name costs nothing.
    for directory in directories { add(.requireDirectory, Paths.lower + directory) }
    addStoreDirectories(of: Text())
    for directory in directories {
      for parent in directory.parents { addStoreDirectories(of: parent) }
      // PID 1's transient ID would stay mounted under the overlay.
      if directory == "/etc", mountInfo.entry(at: "/etc/machine-id") != nil { add(.unmount, "/etc/machine-id", RunningID.path) }
      mountOverlay(of: directory, at: directory)
      if directory == "/etc" { settle(machineID, in: Text()) }
    }
    bind(binds, in: Text())
    addAfterwards(.makeSharedRecursively, "/run")
  }

  // MARK: Pieces

  private mutating func settle(_ machineID: RunningID, in root: Text) {
    if machineID.isFromCommandLine {
      add(.writeFile, root + "/etc/machine-id", machineID.text + "\n")
    } else {
      add(.settleMachineID, root, machineID.text)
    }
  }

  /// Directories past the overlay, each with what the lower has in it at the first time.
  private mutating func bind(_ directories: [Text], in root: Text) {
    for directory in directories {
      let own = bindings + "/bind/" + directory.unitName
      add(.makeDirectory, bindings + "/bind")
      add(.seed, own, Paths.lower + directory)
      add(.makeMountPoint, root + directory)
      add(.bind, root + directory, own)
    }
  }

  /// redirect_dir lets a directory of the lower be renamed, which dpkg does; metacopy keeps a chmod from copying the file to memory.
  /// Over a lower that changes both are undefined, as are index and xino; so they are off for an upper that outlives its boot. See
  /// https://docs.kernel.org/filesystems/overlayfs.html, "Changes to underlying filesystems".
  ///
  /// - Parameter directory: empty for the root.
  private mutating func mountOverlay(of directory: Text, at place: Text) {
    addStoreDirectories(of: directory)
    let path = directory.escapedForOverlay, store = layers.escapedForOverlay
    add(.mountOverlay, place, Text("lowerdir=/run/initramfs/preroot/lower") + path
      + ",upperdir=" + store + "/upper" + path + ",workdir=" + store + "/work" + path
      + (isPersistent ? ",index=off,metacopy=off,redirect_dir=off,xino=off" as Text : ",redirect_dir=on,metacopy=on"))
  }

  @inline(never) private mutating func addStoreDirectories(of directory: Text) {
    add(.makeStoreDirectory, layers + "/upper" + directory, Paths.lower + directory)
    add(.makeStoreDirectory, layers + "/work" + directory, Paths.lower + directory)
  }

  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text, _ other: Text) { steps.append(Step(verb, path, other)) }
  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text) { add(verb, path, Text()) }

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
