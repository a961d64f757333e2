// SPDX-License-Identifier: MIT
/// A directory of Scope= or Bind= that is also a mount point of the image. systemd would find preroot's mount there, take it for the
/// image's and never mount that; or it would mount the image's over preroot's. Either way the changes end up in the wrong place.
public struct MountConflict: Equatable, Sendable {
  public var setting: Setting
  public var directory: Text
  /// What else is mounted there, and its mount point.
  public var mounter: Text
  public var place: Text

  /// A sentence that says what to do.
  public var text: Text {
    setting.text + "=" + directory + " is left out: " + mounter + (place == directory ? " there" : Text(" at ") + place) + "; "
      + (place == directory ? "remove it from one of the two" : "remove one of the two")
  }

  /// Returns the paths where a mount would conflict: each directory of the settings, and its parents. Empty if the settings name no
  /// directory; then there is nothing to look up.
  public static func places(_ settings: Settings) -> [Text] {
    var places: [Text] = []
    for (_, directory) in directories(settings) {
      for place in directory.parents + [directory] where !places.contains(place) { places.add(place) }
    }
    return places
  }

  /// - Parameters:
  ///   - tables: /etc/fstab; also the upper's, if its /etc is overlaid.
  ///   - units: the paths among `places` that have a mount unit in the image.
  public static func all(_ settings: Settings, _ tables: [FileSystemTable], units: [Text]) -> [MountConflict] {
    var conflicts: [MountConflict] = []
    for (setting, directory) in directories(settings) {
      if let (mounter, place) = mounter(of: directory, tables, units) {
        conflicts.append(MountConflict(setting: setting, directory: directory, mounter: mounter, place: place))
      }
    }
    return conflicts
  }

  private static func directories(_ settings: Settings) -> [(Setting, Text)] {
    var directories: [(Setting, Text)] = []
    if case .directories(let paths) = settings.scope { for path in paths { directories.append((.scope, path)) } }
    for path in settings.binds { directories.append((.bind, path)) }
    return directories
  }

  private static func mounter(of directory: Text, _ tables: [FileSystemTable], _ units: [Text]) -> (Text, Text)? {
    for table in tables {
      for line in table.lines where line.isMounted && !(line.mountPoint == "/") && directory.isWithin(line.mountPoint) {
        return (Text("/etc/fstab mounts ") + line.source, line.mountPoint)
      }
    }
    for place in units where directory.isWithin(place) { return (place.mountUnitName + " mounts", place) }
    return nil
  }
}

extension Settings {
  /// Returns the settings without the conflicting directories. If every directory of Scope= conflicts, the scope is empty.
  public func without(_ conflicts: [MountConflict]) -> Settings {
    var settings = self
    if case .directories(let paths) = scope { settings.scope = .directories(paths.filter { path in !conflicts.has(.scope, path) }) }
    settings.binds = binds.filter { path in !conflicts.has(.bind, path) }
    return settings
  }
}

extension [MountConflict] {
  fileprivate func has(_ setting: Setting, _ directory: Text) -> Bool {
    contains { $0.setting == setting && $0.directory == directory }
  }
}
