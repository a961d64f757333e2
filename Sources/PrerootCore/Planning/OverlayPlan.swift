/// How the root becomes writable: the steps in their order.
///
/// Upper and lower stay visible below /run/initramfs, where systemd leaves mounts alone until the very end of shutdown and
/// then remounts them read-only (systemd: fstab_is_extrinsic(), nonunmountable_path()). What is mounted before the pivot is
/// mounted below a private /run, so nobody sees it and one unmount takes it back.
public struct OverlayPlan: Equatable, Sendable {
  /// May fail: then what was done is taken back. The last of them attaches.
  public var steps: [Step] = []
  /// After the pivot there is no way back, and each of these is worth trying whatever became of the others.
  public var afterwards: [Step] = []

  public static var base: Text { "/run/initramfs/preroot" }
  public static var lower: Text { "/run/initramfs/preroot/lower" }
  /// The file system that takes the changes; they are in `upper/` on it, overlayfs keeps its own matters in `work/`.
  public static var store: Text { "/run/initramfs/preroot/upper" }
  static var root: Text { "/run/initramfs/preroot/root" }

  /// Less than this holds no boot: journal, /var/lib and /tmp want more at once.
  public static var minimumBytes: Int { 1 << 20 }
  public static var minimumInodes: Int { 128 }

  /// - Parameter machineID: what PID 1 uses, with the newline; nil where the lower has an ID of its own.
  public init(_ settings: Settings, over mountInfo: MountInfo, machineID: Text? = nil) {
    guard let root = mountInfo.root else { return }
    // pivot_root(2) refuses a new root whose parent is shared.
    if mountInfo.entry(at: "/run")?.isShared == true { add(.makePrivate, "/run") }
    add(.makeDirectory, "/run/initramfs")
    add(.makeDirectory, Self.base)
    add(.makeDirectory, Self.lower)
    add(.bindReadOnly, Self.lower, "/")
    // A bind has the peers of what it shows: mounts on the root would be seen below it, too.
    if root.isShared { add(.makePrivate, Self.lower) }
    add(.makeDirectory, Self.store)
    switch settings.upper {
    case .tmpfs(let options): add(.mountTmpfs, Self.store, "mode=0755," + options.text)
    }
    add(.requireSpace, Self.store)
    switch settings.scope {
    case .root: overlayRoot(root, in: mountInfo, machineID: machineID)
    case .directories(let directories): overlay(directories, machineID: machineID)
    }
  }

  // MARK: The whole root

  private mutating func overlayRoot(_ root: MountInfo.Entry, in mountInfo: MountInfo, machineID: Text?) {
    add(.makeDirectory, Self.root)
    mountOverlay(of: Text(), at: Self.root)
    // PID 1's transient ID is mounted on the lower's file; an overlay shows the file below.
    if let machineID { add(.writeFile, Self.root + "/etc/machine-id", machineID) }
    if !root.majorMinor.hasPrefix("0:") {
      // Where systemd's tools look for the disk behind a root like this one (systemd: blockdev_get_root()).
      add(.makeLink, "/run/systemd/volatile-root", "/dev/block/" + root.majorMinor)
    }
    // What is mounted on directories of the root has to come along: /run, /dev, /proc, /sys. Not before the pivot: the new
    // root lies below /run, and a mount cannot be moved into itself (ELOOP).
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

  private mutating func overlay(_ directories: [Text], machineID: Text?) {
    // Each is required before the first is mounted, so that a wrong name costs nothing.
    for directory in directories { add(.requireDirectory, Self.lower + directory) }
    addStoreDirectories(of: Text())
    for directory in directories {
      for parent in directory.parents { addStoreDirectories(of: parent) }
      // PID 1's transient ID would stay mounted under the overlay.
      if directory == "/etc", machineID != nil { add(.unmount, "/etc/machine-id", "/run/machine-id") }
      mountOverlay(of: directory, at: directory)
      if directory == "/etc", let machineID { add(.writeFile, "/etc/machine-id", machineID) }
    }
    addAfterwards(.makeSharedRecursively, "/run")
  }

  // MARK: Pieces

  /// redirect_dir lets a directory of the lower be renamed, which dpkg does; metacopy keeps a chmod from copying the file
  /// to memory. Both are for an upper that dies with its boot: over a lower that changes they are undefined. See
  /// https://docs.kernel.org/filesystems/overlayfs.html, "Changes to underlying filesystems".
  ///
  /// - Parameter directory: empty for the root.
  private mutating func mountOverlay(of directory: Text, at place: Text) {
    addStoreDirectories(of: directory)
    let path = directory.escapedForOverlay
    add(.mountOverlay, place, Text("lowerdir=/run/initramfs/preroot/lower") + path
      + ",upperdir=/run/initramfs/preroot/upper/upper" + path + ",workdir=/run/initramfs/preroot/upper/work" + path
      + ",redirect_dir=on,metacopy=on")
  }

  @inline(never) private mutating func addStoreDirectories(of directory: Text) {
    add(.makeStoreDirectory, Self.store + "/upper" + directory, Self.lower + directory)
    add(.makeStoreDirectory, Self.store + "/work" + directory, Self.lower + directory)
  }

  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text, _ other: Text) { steps.append(Step(verb, path, other)) }
  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text) { add(verb, path, Text()) }

  @inline(never) private mutating func addAfterwards(_ verb: Step.Verb, _ path: Text) { afterwards.append(Step(verb, path)) }

  /// One line a step.
  public var text: Text {
    Self.text(of: steps) + Self.text(of: afterwards)
  }

  @inline(never) private static func text(of steps: [Step]) -> Text {
    var text = Text()
    for step in steps { text.append(step.text + "\n") }
    return text
  }
}

extension Text {
  /// The directories above it, from the top, the root left out: `/a/b/c` has `/a` and `/a/b`.
  var parents: [Text] {
    var parents: [Text] = []
    for place in bytes.indices where place > 0 && bytes[place] == UInt8(ascii: "/") { parents.add(Text(bytes[..<place])) }
    return parents
  }

  /// In overlayfs' options `:` separates layers and `,` options; a backslash takes their meaning away.
  var escapedForOverlay: Text {
    var out = Text()
    for byte in bytes {
      if byte == UInt8(ascii: ":") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\\") { out.append("\\") }
      out.append(byte)
    }
    return out
  }
}
