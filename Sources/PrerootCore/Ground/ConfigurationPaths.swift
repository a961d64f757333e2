/// Which files make up the configuration, and in which order. See preroot.conf(5).
public enum ConfigurationPaths {
  /// The directories, the strongest first: what the administrator says, what this boot says, what the image says.
  public static var directories: [Text] { Text("/etc /run /usr/lib").words }

  /// Puts the drop-ins of a directory, weaker than those before it, to the ones found: they are sorted by file name, and
  /// of one name only the strongest directory's file counts.
  ///
  /// - Parameter directory: with a slash at the end.
  public static func add(_ names: [Text], of directory: Text, to paths: inout [Text]) {
    for name in names where name.hasSuffix(".conf") {
      var place = 0
      while place < paths.count, paths[place].fileName < name { place += 1 }
      if place < paths.count, paths[place].fileName == name { continue }
      // Added at the end, the new one changes places with each that comes after it.
      paths.add(directory + name)
      let last = paths.count - 1
      while place < last {
        paths.swapAt(place, last)
        place += 1
      }
    }
  }
}
