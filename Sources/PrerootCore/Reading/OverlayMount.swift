// SPDX-License-Identifier: MIT
// Facts in the mount table about preroot's overlays.

extension MountInfo.Entry {
  /// The directory that receives the overlay's changes; nil if the entry has none. See linux: ovl_show_options(), which escapes commas.
  public var upperDirectory: Text? {
    for option in superOptions.split(at: UInt8(ascii: ",")) {
      if let path = option.dropping(prefix: "upperdir=") { return path.unescapingOctal }
    }
    return nil
  }

  /// The lowers as mount(2) takes them, if there is another besides the image; nil if not.
  public var lowerLayers: Text? {
    for option in superOptions.split(at: UInt8(ascii: ",")) {
      if let layers = option.dropping(prefix: "lowerdir="), layers.hasPrefix(Paths.store + "/") { return layers.unescapingOctal }
    }
    return nil
  }

  /// Whether the changes are in memory until they are committed.
  public var isOnDemand: Bool { layersDirectory == Paths.memory }

  /// The directory that holds the layers, on the upper's file system.
  public var layersDirectory: Text? {
    guard let upper = upperDirectory else { return nil }
    let end = Text("/upper") + (mountPoint == "/" ? Text() : mountPoint)
    guard upper.count > end.count, upper.hasSuffix(end) else { return nil }
    return upper.dropLast(end.count)
  }

  /// The same path in the lower layer.
  public var lowerDirectory: Text { Paths.lower + (mountPoint == "/" ? Text() : mountPoint) }
}

extension MountInfo {
  public var overlays: [Entry] { entries.filter { $0.isOverlayOfPreroot } }

  /// The image's own file system: the lower layer if there is an overlay, else the root.
  public var image: Entry? { overlays.isEmpty ? root : entry(at: Paths.lower) }

  /// The mounts that PID 1 has made when it runs its generators: the root and the API file systems.
  public init(bootingFrom root: Entry) {
    self.init(parsing: """
      2 1 0:2 / /proc rw shared:2 - proc proc rw
      3 1 0:3 / /sys rw shared:3 - sysfs sysfs rw
      4 1 0:4 / /dev rw shared:4 - devtmpfs devtmpfs rw
      5 1 0:5 / /run rw shared:5 - tmpfs tmpfs rw

      """)
    entries.insert(Entry(booting: root), at: 0)
  }

  /// A root for an image that is known only by its files.
  public static var unbooted: Entry { Entry(parsing: "1 0 MAJOR:MINOR / / ro shared:1 - squashfs /dev/root ro")! }
}
