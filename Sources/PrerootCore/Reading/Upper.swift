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

  /// How much it may take, in KiB, on a machine with so much memory; the largest number where there is none for it.
  public func kilobytes(ofMemory memory: Int) -> Int {
    var digits = size
    let suffix = digits.bytes.popLast() ?? 0
    switch suffix | 0x20 {
    case UInt8(ascii: "k"): return digits.kilobytes(each: 1, by: 1)
    case UInt8(ascii: "m"): return digits.kilobytes(each: 1 << 10, by: 1)
    case UInt8(ascii: "g"): return digits.kilobytes(each: 1 << 20, by: 1)
    default: return suffix == UInt8(ascii: "%") ? digits.kilobytes(each: UInt64(memory.magnitude), by: 100) : size.kilobytes(each: 1, by: 1024)
    }
  }
}

extension Text {
  /// Whether it is a number of tmpfs(5): digits and perhaps one of the suffixes. Zero is none: to the kernel it means "no
  /// limit", which fills the memory.
  @inline(never) func isNumber(suffixes: Text) -> Bool {
    var digits = self
    if let last = digits.bytes.last, suffixes.bytes.contains(last) { digits.bytes.removeLast() }
    return (digits.wideDecimalValue ?? 0) > 0
  }

  /// As many of `kilobytes` as it says, divided.
  @inline(never) fileprivate func kilobytes(each kilobytes: UInt64, by divisor: UInt64) -> Int {
    let (product, isTooMuch) = (wideDecimalValue ?? 0).multipliedReportingOverflow(by: kilobytes)
    return isTooMuch ? .max : Int(clamping: product / divisor)
  }
}
