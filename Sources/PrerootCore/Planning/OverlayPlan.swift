/// How the root becomes writable: the steps in their order, each with its inverse.
///
/// Upper and lower stay visible below /run/initramfs, where systemd leaves mounts alone until the very end of shutdown and
/// then remounts them read-only (systemd: fstab_is_extrinsic(), nonunmountable_path()). What is mounted before the pivot is
/// mounted below a private /run, so nobody sees it and one unmount takes it back.
public struct OverlayPlan: Equatable, Sendable {
  /// May fail: then what was done is taken back. The last of them attaches.
  public var steps: [MountStep] = []
  /// After the pivot there is no way back, and each of these is worth trying whatever became of the others.
  public var afterwards: [MountOperation] = []

  public static var base: Text { "/run/initramfs/preroot" }
  public static var lower: Text { "\(base)/lower" }
  /// The file system that takes the changes; they are in `upper/` on it, overlayfs keeps its own matters in `work/`.
  public static var store: Text { "\(base)/upper" }
  static var root: Text { "\(base)/root" }

  /// Less than this holds no boot: journal, /var/lib and /tmp want more at once.
  static var minimumBytes: Int { 1 << 20 }
  static var minimumInodes: Int { 128 }

  /// - Parameter machineID: what PID 1 uses, as /run/machine-id has it, with the newline; nil where the lower has an ID
  ///   of its own.
  public init(_ settings: OverlaySettings, over mountInfo: MountInfo, machineID: Text? = nil) {
    guard let root = mountInfo.root else { return }
    if let run = mountInfo.entry(at: "/run"), run.isShared {
      // pivot_root(2) refuses a new root whose parent is shared.
      add(.makePrivate("/run"), inverse: .makeShared("/run"))
    }
    add(.makeDirectory("/run/initramfs"), inverse: .removeDirectory("/run/initramfs"))
    addDirectory(Self.base)
    addDirectory(Self.lower)
    add(.bindReadOnly("/", at: Self.lower), inverse: .unmount(Self.lower))
    addDirectory(Self.store)
    mountStore(settings.upper)
    switch settings.scope {
    case .root: overlayRoot(root, in: mountInfo, machineID: machineID)
    case .directories(let directories): overlay(directories, in: mountInfo, machineID: machineID)
    }
  }

  private mutating func mountStore(_ upper: Upper) {
    switch upper {
    case .tmpfs(let options):
      add(.mount(type: "tmpfs", source: "preroot", at: Self.store, data: "mode=0755,\(options.text)"),
          inverse: .unmount(Self.store))
    }
    add(.requireSpace(at: Self.store, bytes: Self.minimumBytes, inodes: Self.minimumInodes))
    add(.makeDirectory("\(Self.store)/work"))
  }

  // MARK: The whole root

  private mutating func overlayRoot(_ root: MountInfo.Entry, in mountInfo: MountInfo, machineID: Text?) {
    add(.makeDirectoryLike("\(Self.store)/upper", model: "/"))
    addDirectory(Self.root)
    mountOverlay(of: "", at: Self.root)
    // PID 1's transient ID is mounted on the lower's file; an overlay shows the file below.
    if let machineID { add(.writeFile("\(Self.root)/etc/machine-id", contents: machineID)) }
    let carried = Self.pointsToCarry(from: root, in: mountInfo)
    for point in carried { add(.requireDirectory("\(Self.root)\(point)")) }
    if !root.majorMinor.hasPrefix("0:") {
      // Where systemd's tools look for the disk behind a root like this one (systemd: blockdev_get_root()).
      add(.makeDirectory("/run/systemd"))
      add(.makeLink("/run/systemd/volatile-root", to: "/dev/block/\(root.majorMinor)"),
          inverse: .removeFile("/run/systemd/volatile-root"))
    }
    if root.isShared { add(.makePrivate("/"), inverse: .makeShared("/")) }
    add(.pivot(to: Self.root))

    // Not before the pivot: the new root lies below /run, and a mount cannot be moved into itself (ELOOP).
    afterwards = carried.map { .carry($0) }
    afterwards.append(.leaveOldRoot)
    if root.isShared {
      afterwards.append(.makeSharedRecursively("/"))
    } else if mountInfo.entry(at: "/run")?.isShared == true {
      afterwards.append(.makeSharedRecursively("/run"))
    }
    afterwards.append(.removeDirectory(Self.root))
  }

  /// What is mounted on directories of the root has to come along: /run, /dev, /proc, /sys. What is mounted on a file does
  /// not: that is PID 1's transient machine ID, which the overlay gets as a file.
  private static func pointsToCarry(from root: MountInfo.Entry, in mountInfo: MountInfo) -> [Text] {
    var points: [Text] = []
    for child in mountInfo.children(of: root)
    where child.mountPoint != "/etc/machine-id" && !points.contains(child.mountPoint) {
      points.append(child.mountPoint)
    }
    // /run first: what tells people what happened is there.
    if let run = points.firstIndex(of: "/run") { points.swapAt(0, run) }
    return points
  }

  // MARK: Only some directories

  private mutating func overlay(_ directories: [Text], in mountInfo: MountInfo, machineID: Text?) {
    // Each is required before the first is mounted, so that a wrong name costs nothing.
    for directory in directories { add(.requireDirectory("\(Self.lower)\(directory)")) }
    add(.makeDirectory("\(Self.store)/upper"))
    for directory in directories {
      for parent in directory.parents {
        add(.makeDirectory("\(Self.store)/upper\(parent)"))
        add(.makeDirectory("\(Self.store)/work\(parent)"))
      }
      add(.makeDirectoryLike("\(Self.store)/upper\(directory)", model: directory))
      add(.makeDirectory("\(Self.store)/work\(directory)"))
      mountOverlay(of: directory, at: directory)
      if directory == "/etc", let machineID { add(.writeFile("/etc/machine-id", contents: machineID)) }
    }
    if let run = mountInfo.entry(at: "/run"), run.isShared { afterwards = [.makeSharedRecursively("/run")] }
  }

  // MARK: Pieces

  /// redirect_dir lets a directory of the lower be renamed, which dpkg does; metacopy keeps a chmod from copying the file
  /// to memory. Both are for an upper that dies with its boot: over a lower that changes they are undefined. See
  /// https://docs.kernel.org/filesystems/overlayfs.html, "Changes to underlying filesystems".
  private mutating func mountOverlay(of directory: Text, at place: Text) {
    let data: Text = "lowerdir=\((Self.lower + directory).escapedForOverlay),"
      + "upperdir=\(("\(Self.store)/upper" + directory).escapedForOverlay),"
      + "workdir=\(("\(Self.store)/work" + directory).escapedForOverlay),redirect_dir=on,metacopy=on"
    add(.mount(type: "overlay", source: "preroot", at: place, data: data), inverse: .unmount(place))
  }

  private mutating func addDirectory(_ path: Text) {
    add(.makeDirectory(path), inverse: .removeDirectory(path))
  }

  private mutating func add(_ operation: MountOperation, inverse: MountOperation? = nil) {
    steps.append(MountStep(operation, inverse: inverse))
  }

  /// One line a step.
  public var text: Text {
    var text = Text()
    for step in steps {
      text.append(step.operation.text)
      if let inverse = step.inverse { text.append("; on failure \(inverse.text)") }
      text.append("\n")
    }
    for operation in afterwards { text.append("then \(operation.text)\n") }
    return text
  }
}

extension Text {
  /// The directories above it, from the top, the root left out: `/a/b/c` has `/a` and `/a/b`.
  var parents: [Text] {
    var parents: [Text] = []
    for place in bytes.indices.dropFirst() where bytes[place] == UInt8(ascii: "/") { parents.append(Text(bytes[..<place])) }
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
