// SPDX-License-Identifier: MIT
/// Which files make up the configuration, and in which order. See preroot.conf(5).
public enum ConfigurationPaths {
  /// The directories, the strongest first: what the administrator says, what this boot says, what the image says.
  public static var directories: [Text] { Text("/etc /run /usr/lib").words }

  /// Puts the drop-ins of a directory, weaker than those before it, to the ones found: they are sorted by file name, and
  /// of one name only the strongest directory's file counts.
  ///
  /// - Parameter directory: with a slash at the end.
  public static func add(_ names: [Text], of directory: Text, to paths: inout [Text]) {
    var weaker: [Text] = []
    for name in names where name.hasSuffix(".conf") { weaker.add(directory + name) }
    paths = merged(paths, sorted(weaker, from: 0, to: weaker.count))
  }

  /// Some of the paths by file name. A merge sort, as the standard library's is 2 KB.
  private static func sorted(_ paths: [Text], from start: Int, to end: Int) -> [Text] {
    if end - start < 2 { return start == end ? [] : [paths[start]] }
    let middle = (start + end) / 2
    return merged(sorted(paths, from: start, to: middle), sorted(paths, from: middle, to: end))
  }

  /// Both in their order; of a name that is in both only the first one's path.
  @inline(never) private static func merged(_ first: [Text], _ second: [Text]) -> [Text] {
    var paths: [Text] = []
    var place = 0
    for path in second {
      let name = path.fileName
      while place < first.count, !(name < first[place].fileName) {
        paths.add(first[place])
        place += 1
      }
      if !(paths.last?.fileName == name) { paths.add(path) }
    }
    while place < first.count {
      paths.add(first[place])
      place += 1
    }
    return paths
  }
}
