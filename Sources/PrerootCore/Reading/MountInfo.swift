// SPDX-License-Identifier: MIT
/// What is mounted in a mount namespace. See proc_pid_mountinfo(5), whose names the fields have.
///
/// The options of the mount itself are left out: a generator's sandbox (systemd >= 253) shows `ro` there for every mount.
public struct MountInfo: Sendable {
  /// One line, shared and never changed.
  public final class Entry: Sendable {
    public let mountID: Int
    public let parentID: Int
    /// `MAJOR:MINOR`, the st_dev of files on it.
    public let majorMinor: Text
    public let mountPoint: Text
    /// Whether it shows its file system from the top: a container's root may be a directory of another machine's.
    public let isWhole: Bool
    /// Whether it is the ID that PID 1 made up, /run/machine-id, mounted where an image has its own (systemd: machine_id_setup()).
    public let isMachineID: Bool
    /// Whether mounts below it propagate to its peers (the optional field `shared:N`).
    public let isShared: Bool
    public let fileSystemType: Text
    public let mountSource: Text
    /// Of the file system itself, whoever looks, with commas between them.
    public let superOptions: Text

    /// Reads one line; nil where it is not one.
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

    /// The same file system as the root of a machine that is about to boot.
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

    /// Whether it is an overlay of preroot's making, and not one that was never put to use.
    public var isOverlayOfPreroot: Bool {
      @inline(never) get { isWhole && fileSystemType == "overlay" && mountSource == "preroot" && !(mountPoint == Paths.staging) }
    }

    /// Whether the file system itself can be written, whatever this mount of it forbids.
    public var isWritable: Bool { superOptions.split(at: UInt8(ascii: ",")).first == "rw" }
  }

  public var entries: [Entry] = []

  public init() {}

  public init(parsing text: Text) {
    for line in text.lines {
      if let entry = Entry(parsing: line) { entries.append(entry) }
    }
  }

  /// The mount that a path ending exactly at `mountPoint` leads to: of those there, the one that no other stands on. The order of the
  /// lines does not tell: new kernels have them in the order of their numbers, and numbers are used again.
  public func entry(at mountPoint: Text) -> Entry? {
    entries.last { entry in
      entry.mountPoint == mountPoint && !entries.contains { $0.parentID == entry.mountID && $0.mountID != entry.mountID && $0.mountPoint == mountPoint }
    }
  }
  /// Of what is mounted at `/`, the mount that paths begin at: what stands on it is not seen from there. After a pivot_root(2) that is
  /// the old root, until it is detached. The kernel's own rootfs, where it is listed, is below all.
  public var root: Entry? {
    var candidates = entries.filter { $0.mountPoint == "/" && !($0.fileSystemType == "rootfs") }
    if candidates.isEmpty { candidates = entries.filter { $0.mountPoint == "/" } }
    return candidates.first { entry in !candidates.contains { $0.mountID == entry.parentID && $0.mountID != entry.mountID } }
  }

  /// The mount that `entry` stands on.
  public func parent(of entry: Entry) -> Entry? {
    entries.first { $0.mountID == entry.parentID }
  }

  /// The mounts that stand directly on `entry`.
  public func children(of entry: Entry) -> [Entry] {
    entries.filter { $0.parentID == entry.mountID && $0.mountID != entry.mountID }
  }
}
