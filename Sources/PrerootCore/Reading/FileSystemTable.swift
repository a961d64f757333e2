/// What /etc/fstab says, as far as it concerns the root. See fstab(5).
public struct FileSystemTable: Equatable, Sendable {
  /// Whether there is a line for `/`.
  public var hasRoot = false
  /// Whether the line for `/` keeps it read-only: of its `ro` and `rw` the last is `ro`.
  public var isRootReadOnly = false

  public init() {}

  public init(parsing text: Text) {
    for line in text.lines {
      let fields = line.words
      guard fields.count >= 4, fields[0].bytes[0] != UInt8(ascii: "#"), fields[1] == "/" else { continue }
      hasRoot = true
      isRootReadOnly = false
      for option in fields[3].split(at: UInt8(ascii: ",")) {
        if option == "ro" { isRootReadOnly = true } else if option == "rw" { isRootReadOnly = false }
      }
    }
  }
}
