// SPDX-License-Identifier: MIT
/// The mounts of a mount namespace. The fields have the names of proc_pid_mountinfo(5).
///
/// Per-mount options are left out: a generator's sandbox (systemd >= 253) shows `ro` there for every mount.
public struct MountInfo: Sendable {
  /// One line: shared and immutable.
  public final class Entry: Sendable {
    public let mountID: Int
    public let parentID: Int
    /// `MAJOR:MINOR`, the st_dev of its files.
    public let majorMinor: Text
    public let mountPoint: Text
    /// Whether the mount shows its file system from the top. A container's root may be a directory of the host's file system.
    public let isWhole: Bool
    /// Whether this is PID 1's transient machine ID, /run/machine-id, mounted over the image's file (systemd: machine_id_setup()).
    public let isMachineID: Bool
    /// Whether mounts below it propagate to its peers (the optional field `shared:N`).
    public let isShared: Bool
    public let fileSystemType: Text
    public let mountSource: Text
    /// Superblock options, separated by commas.
    public let superOptions: Text

    /// Reads one line; nil if it is malformed.
    public init?(parsing line: Text) {
      let fields = line.words
      guard fields.count >= 10, let mountID = fields[0].decimalValue, let parentID = fields[1].decimalValue else { return nil }
      var separator = 6
      var hasPeers = false
      while separator < fields.count, !(fields[separator] == "-") {
        if fields[separator].hasPrefix("shared:") { hasPeers = true }
        separator += 1
      }
      guard fields.count >= separator + 4 else { return nil }
      self.mountID = mountID
      self.parentID = parentID
      majorMinor = fields[2]
      isWhole = fields[3] == "/"
      isMachineID = fields[3] == "/machine-id" && fields[separator + 1] == "tmpfs"
      mountPoint = fields[4].unescapingOctal
      isShared = hasPeers
      fileSystemType = fields[separator + 1]
      mountSource = fields[separator + 2].unescapingOctal
      superOptions = fields[separator + 3]
    }

    /// Makes an entry for the same file system as the root of a machine that is about to boot.
    init(booting other: Entry) {
      mountID = 1
      parentID = 0
      majorMinor = other.majorMinor
      mountPoint = "/"
      isWhole = true
      isMachineID = false
      isShared = true
      fileSystemType = other.fileSystemType
      mountSource = other.mountSource
      superOptions = other.superOptions
    }

    /// Whether preroot made this overlay and it is in use: an overlay in the staging directory is not.
    public var isOverlayOfPreroot: Bool {
      @inline(never) get { isWhole && fileSystemType == "overlay" && mountSource == "preroot" && !(mountPoint == Paths.staging) }
    }

    /// Whether the superblock is writable, even if this mount is read-only.
    public var isWritable: Bool { superOptions.split(at: UInt8(ascii: ",")).first == "rw" }
  }

  public var entries: [Entry] = []

  public init() {}

  public init(parsing text: Text) {
    for line in text.lines {
      if let entry = Entry(parsing: line) { entries.append(entry) }
    }
  }

  /// Returns the topmost mount at exactly `mountPoint`. The order of the lines does not tell: recent kernels sort them by mount ID, and the
  /// kernel reuses IDs.
  public func entry(at mountPoint: Text) -> Entry? {
    entries.last { entry in
      entry.mountPoint == mountPoint && !entries.contains { $0.parentID == entry.mountID && $0.mountID != entry.mountID && $0.mountPoint == mountPoint }
    }
  }
  /// The mount at `/` from which path lookups start; lookups do not see mounts on top of it. After pivot_root(2) that is the old root, until
  /// it is detached. The kernel's own rootfs, if listed, is below all others.
  public var root: Entry? {
    var candidates = entries.filter { $0.mountPoint == "/" && !($0.fileSystemType == "rootfs") }
    if candidates.isEmpty { candidates = entries.filter { $0.mountPoint == "/" } }
    return candidates.first { entry in !candidates.contains { $0.mountID == entry.parentID && $0.mountID != entry.mountID } }
  }

  /// Returns the mount that `entry` is mounted on.
  public func parent(of entry: Entry) -> Entry? {
    entries.first { $0.mountID == entry.parentID }
  }

  /// Returns the mounts directly on `entry`.
  public func children(of entry: Entry) -> [Entry] {
    entries.filter { $0.parentID == entry.mountID && $0.mountID != entry.mountID }
  }
}
