/// Where what is written to the overlay goes.
public enum Upper: Equatable, Sendable {
  /// Memory: gone at power-off.
  case tmpfs(TmpfsOptions)
  /// A file system on a device: it stays.
  case device(DeviceName)

  public static var standard: Upper { .tmpfs(TmpfsOptions()) }

  /// Whether a word means an upper of whatever kind, and not a typing error.
  @inline(never) static func isNamed(by word: Text) -> Bool {
    if tmpfsOptions(in: word) != nil { return true }
    for prefix in Text("/dev/ LABEL= UUID= PARTLABEL= PARTUUID= mtd: ubi").words where word.hasPrefix(prefix) { return true }
    return false
  }

  /// What follows `tmpfs:`, nothing where it is `tmpfs` alone; nil where it is neither.
  @inline(never) static func tmpfsOptions(in word: Text) -> Text? {
    word == "tmpfs" ? "" : word.dropping(prefix: "tmpfs:")
  }

  /// As it is written in a setting.
  public var text: Text {
    switch self {
    case .tmpfs(let options): Text("tmpfs:") + options.text
    case .device(let name): name.text
    }
  }

  public var isPersistent: Bool {
    if case .device = self { true } else { false }
  }
}

/// The size of a tmpfs, in the words of tmpfs(5).
public struct TmpfsOptions: Equatable, Sendable {
  /// A number of bytes, with k, m or g; or a percentage of the memory. A quarter of it is what systemd.volatile= takes.
  public var size: Text = "25%"
  /// The largest number of files, with k, m or g. A million is what systemd.volatile= takes.
  public var inodes: Text = "1m"

  public init() {}

  public var text: Text { Text("size=") + size + ",nr_inodes=" + inodes }

  /// How much it may take, in KiB, on a machine with so much memory.
  public func kilobytes(ofMemory memory: Int) -> Int {
    var digits = size
    let suffix = digits.bytes.popLast() ?? 0
    let number = Int64(digits.decimalValue ?? 0)
    let kilobytes: Int64 = switch suffix | 0x20 {
    case UInt8(ascii: "k"): number
    case UInt8(ascii: "m"): number << 10
    case UInt8(ascii: "g"): number << 20
    default: suffix == UInt8(ascii: "%") ? Int64(memory) * number / 100 : Int64(size.decimalValue ?? 0) >> 10
    }
    return Int(clamping: kilobytes)
  }
}

extension Text {
  /// Whether it is a number of tmpfs(5): digits and perhaps one of the suffixes. Zero is none: to the kernel it means "no
  /// limit", which fills the memory.
  @inline(never) func isNumber(suffixes: Text) -> Bool {
    var digits = self
    if let last = digits.bytes.last, suffixes.bytes.contains(last) { digits.bytes.removeLast() }
    return (digits.decimalValue ?? 0) > 0
  }
}
