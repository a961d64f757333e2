// SPDX-License-Identifier: MIT
extension FileSystemTable {
  /// Returns the lines of fstab(5) unchanged, except those that mount the root.
  public static func withoutRoot(_ text: Text) -> Text {
    var out = Text.Builder()
    var start = 0
    for place in text.indices where text[place] == 0x0a || place == text.count - 1 {
      let line = text[start..<(place + 1)]
      if !line.mountsRoot { out.append(line) }
      start = place + 1
    }
    return Text(out)
  }
}

extension Text {
  /// Whether this is a line of fstab(5) for `/`, in any spelling.
  fileprivate var mountsRoot: Bool {
    let fields = words
    guard fields.count >= 2, fields[0][0] != UInt8(ascii: "#"), fields[1][0] == UInt8(ascii: "/") || fields[1][0] == UInt8(ascii: "\\")
    else { return false }
    return fields[1].unescapingOctal.isRootPath
  }

  /// Whether this is `/`, including `//` and `/.` (systemd: path_equal()).
  private var isRootPath: Bool {
    for component in split(at: UInt8(ascii: "/")) where component != "." { return false }
    return hasPrefix("/")
  }
}
