// SPDX-License-Identifier: MIT
/// The configuration files and their order. See preroot.conf(5).
public enum ConfigurationPaths {
  /// The directories in order of precedence: the administrator's, this boot's, the image's.
  public static var directories: [Text] { Text("/etc /run /usr/lib").words }

  /// Merges a directory's drop-ins into the list, which holds those of stronger directories. The list is sorted by file name; of equal
  /// names, only the file in the strongest directory counts.
  ///
  /// - Parameter directory: ends with a slash.
  public static func add(_ names: [Text], of directory: Text, to paths: inout [Text]) {
    var weaker: [Text] = []
    for name in names where name.hasSuffix(".conf") { weaker.add(directory + name) }
    paths = merged(paths, sorted(weaker, from: 0, to: weaker.count))
  }

  /// Sorts a range of paths by file name. A merge sort, because the standard library's sort takes 2 KB.
  private static func sorted(_ paths: [Text], from start: Int, to end: Int) -> [Text] {
    if end - start < 2 { return start == end ? [] : [paths[start]] }
    let middle = (start + end) / 2
    return merged(sorted(paths, from: start, to: middle), sorted(paths, from: middle, to: end))
  }

  /// Merges two sorted lists; of equal names, the first list's path wins.
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
