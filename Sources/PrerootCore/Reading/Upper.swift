// SPDX-License-Identifier: MIT
/// The place that receives the overlay's changes.
public enum Upper: Equatable, Sendable {
  /// Memory: power-off discards it.
  case tmpfs(TmpfsOptions)
  /// A file system on a device: it persists.
  case device(DeviceName)
  /// A value that can only mean a device, but names none. It counts as a missing device: a tmpfs instead would lose data that has to
  /// persist.
  case unreadable(Text)

  public static var standard: Upper { .tmpfs(TmpfsOptions()) }

  /// Returns whether a word means an upper of any kind, and is not a typing error.
  @inline(never) static func isMeant(by word: Text) -> Bool {
    tmpfsOptions(in: word) != nil || isDeviceMeant(by: word)
  }

  /// Returns whether a word can only mean a device: it has the form of a device name, or of a kernel name without /dev/, or is `tail`.
  @inline(never) static func isDeviceMeant(by word: Text) -> Bool {
    word.contains { $0.isSeparator } || word.isKernelName || word == DeviceName.tail
  }

  /// Returns whether a word is a tag without a value, such as an empty variable of a boot loader leaves.
  static func isUnnamed(_ word: Text) -> Bool {
    tmpfsOptions(in: word) == nil && (word.hasSuffix("=") || word.hasSuffix(":") || word == "/dev/")
  }

  /// Returns the options after `tmpfs:`, empty for `tmpfs` alone; nil for any other word.
  @inline(never) static func tmpfsOptions(in word: Text) -> Text? {
    word == "tmpfs" ? "" : word.dropping(prefix: "tmpfs:")
  }

  /// The upper as a setting spells it.
  public var text: Text {
    switch self {
    case .tmpfs(let options): Text("tmpfs:") + options.text
    case .device(let name): name.text
    case .unreadable(let word): word
    }
  }

  /// Why no machine can provide this upper, as half a sentence that follows the upper's name; nil if a machine may.
  public var unavailability: Text? {
    guard case .unreadable(let word) = self else { return nil }
    if Self.isUnnamed(word) { return "names no device: its value is empty" }
    if word.isKernelName { return Text("names no device; write /dev/") + word }
    return "names no device (/dev/..., LABEL=..., UUID=..., PARTLABEL=..., PARTUUID=..., mtd:..., ubi0:...)"
  }

  /// Whether the changes persist.
  public var isPersistent: Bool {
    if case .tmpfs = self { false } else { true }
  }
}

/// The size of a tmpfs. See tmpfs(5).
public struct TmpfsOptions: Equatable, Sendable {
  /// Bytes, with suffix k, m or g; or a percentage of the memory. systemd.volatile= uses 25%, too.
  public var size: Text = "25%"
  /// The maximum number of inodes, with suffix k, m or g. systemd.volatile= uses a million, too.
  public var inodes: Text = "1m"

  public init() {}

  public var text: Text { Text("size=") + size + ",nr_inodes=" + inodes }

  /// Returns the limit in KiB on a machine with `memory` KiB; `Int.max` if it does not fit.
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
  /// Whether this is a number as tmpfs(5) writes it: digits and an optional suffix. Zero does not count: the kernel takes it as "no limit",
  /// and the tmpfs could fill the memory.
  @inline(never) func isNumber(suffixes: Text) -> Bool {
    var digits = self
    if let last = digits.last, suffixes.contains(last) { digits = digits.dropLast(1) }
    return (digits.wideDecimalValue ?? 0) > 0
  }

  /// Returns the number times `kilobytes`, divided by `divisor`.
  @inline(never) fileprivate func kilobytes(each kilobytes: UInt64, by divisor: UInt64) -> Int {
    let (product, isTooMuch) = (wideDecimalValue ?? 0).multipliedReportingOverflow(by: kilobytes)
    return isTooMuch ? .max : Int(clamping: product / divisor)
  }

  /// Whether this has the form of a kernel name for a block device or a flash chip: `sda3`, `mmcblk0p2`, `nvme0n1p1`, `mtd4`.
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
  /// Whether this separates the kind of a device name from the rest.
  fileprivate var isSeparator: Bool { self == UInt8(ascii: "=") || self == UInt8(ascii: ":") || self == UInt8(ascii: "/") }
}
