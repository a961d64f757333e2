// SPDX-License-Identifier: MIT
/// Where what is written to the overlay goes.
public enum Upper: Equatable, Sendable {
  /// Memory: gone at power-off.
  case tmpfs(TmpfsOptions)
  /// A file system on a device: it stays.
  case device(DeviceName)
  /// What can only have been meant for a device, and names none. It is treated as a device that is not there, because a tmpfs in its
  /// place would lose what is to stay.
  case unreadable(Text)

  public static var standard: Upper { .tmpfs(TmpfsOptions()) }

  /// Whether a word means an upper of whatever kind, and not a typing error.
  @inline(never) static func isMeant(by word: Text) -> Bool {
    tmpfsOptions(in: word) != nil || isDeviceMeant(by: word)
  }

  /// Whether a word can only mean a device: it is made as the names of devices are, or as the kernel's own are without /dev/.
  @inline(never) static func isDeviceMeant(by word: Text) -> Bool {
    word.contains { $0.isSeparator } || word.isKernelName
  }

  /// Whether a word has the name of a tag, and nothing after it: as where a boot loader's variable is empty.
  static func isUnnamed(_ word: Text) -> Bool {
    tmpfsOptions(in: word) == nil && (word.hasSuffix("=") || word.hasSuffix(":") || word == "/dev/")
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
    case .unreadable(let word): word
    }
  }

  /// Why it is unavailable whatever the machine has, as half a sentence that goes on after the upper's name; nil where it is not.
  public var unavailability: Text? {
    guard case .unreadable(let word) = self else { return nil }
    if Self.isUnnamed(word) { return "names no device: its value is empty" }
    if word.isKernelName { return Text("names no device; write /dev/") + word }
    return "names no device (/dev/..., LABEL=..., UUID=..., PARTLABEL=..., PARTUUID=..., mtd:..., ubi0:...)"
  }

  /// Whether what is written is meant to stay.
  public var isPersistent: Bool {
    if case .tmpfs = self { false } else { true }
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
    let digits = size.dropLast(1), suffix = size.last ?? 0
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
    if let last = digits.last, suffixes.contains(last) { digits = digits.dropLast(1) }
    return (digits.wideDecimalValue ?? 0) > 0
  }

  /// As many of `kilobytes` as it says, divided.
  @inline(never) fileprivate func kilobytes(each kilobytes: UInt64, by divisor: UInt64) -> Int {
    let (product, isTooMuch) = (wideDecimalValue ?? 0).multipliedReportingOverflow(by: kilobytes)
    return isTooMuch ? .max : Int(clamping: product / divisor)
  }

  /// Whether it has the form of a block device's name, or a flash chip's, in the kernel: `sda3`, `mmcblk0p2`, `nvme0n1p1`, `mtd4`.
  @inline(never) var isKernelName: Bool {
    if contains(where: { $0.isSeparator }) { return false }
    var end = 0
    while end < count, !self[end].isDigit { end += 1 }
    let letters = self[0..<end]
    if letters.count < count, letters.isOne(of: "mmcblk nvme mtd mtdblock ubi loop dm- md nbd ram pmem") { return true }
    return letters.dropLast(1).isOne(of: "sd hd vd xvd")
  }
}

extension UInt8 {
  /// In the name of a device, between what kind of a name it is and the name.
  fileprivate var isSeparator: Bool { self == UInt8(ascii: "=") || self == UInt8(ascii: ":") || self == UInt8(ascii: "/") }
}
