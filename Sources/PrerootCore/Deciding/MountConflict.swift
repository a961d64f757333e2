// SPDX-License-Identifier: MIT
/// A directory of Scope= or Bind= that the image has something else mounted on. systemd would find ours there, take it for its own, and
/// never mount the other; or it would mount the other over ours. Either way what is written goes where nobody expects it.
public struct MountConflict: Equatable, Sendable {
  public var setting: Setting
  public var directory: Text
  /// What mounts there, and where that is.
  public var mounter: Text
  public var place: Text

  /// A sentence to act on.
  public var text: Text {
    setting.text + "=" + directory + " is left out: " + mounter + (place == directory ? " there" : Text(" at ") + place) + "; "
      + (place == directory ? "remove it from one of the two" : "remove one of the two")
  }

  /// The places where a mount would be in the way: each directory of the settings, and those it is in. Empty where the settings name none:
  /// then nobody has to look.
  public static func places(_ settings: Settings) -> [Text] {
    var places: [Text] = []
    for (_, directory) in directories(settings) {
      for place in directory.parents + [directory] where !places.contains(place) { places.add(place) }
    }
    return places
  }

  /// - Parameters:
  ///   - tables: /etc/fstab; the upper's, too, where its /etc is overlaid.
  ///   - units: the places with a mount unit of the image, those of `places`.
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
  /// The settings without the directories that are in conflict. Where every directory of Scope= failed, the scope is empty.
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
