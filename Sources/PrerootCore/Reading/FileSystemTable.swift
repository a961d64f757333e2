/// What /etc/fstab says, as far as it concerns the root. See fstab(5).
public struct FileSystemTable: Equatable, Sendable {
  /// The options of the line for `/`; nil where there is none.
  public var rootOptions: [Text]?

  public init(parsing text: Text) {
    for line in text.lines {
      let fields = line.words
      guard fields.count >= 4, fields[0].bytes[0] != UInt8(ascii: "#"), fields[1].unescapingOctal == "/" else { continue }
      rootOptions = fields[3].split(at: UInt8(ascii: ","))
    }
  }

  /// Whether the root is to stay read-only: the last of `ro` and `rw` is `ro`.
  public var isRootReadOnly: Bool {
    rootOptions?.last { $0 == "ro" || $0 == "rw" } == "ro"
  }
}
