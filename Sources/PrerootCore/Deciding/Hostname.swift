// SPDX-License-Identifier: MIT
/// The contents of /etc/hostname. See hostname(5).
public enum Hostname: Equatable, Sendable {
  /// The file is missing or holds comments only: the machine keeps its current name.
  case none
  case name(Text)
  /// Has wildcards. systemd 258 and later fills them in from the machine ID; preroot leaves them to it.
  case pattern
  case invalid(Text)

  /// - Parameter contents: the file's contents; nil if it is missing.
  public init(_ contents: Text?) {
    self = .none
    for line in (contents ?? Text()).lines {
      let name = line.trimmed
      if name.isEmpty || name.hasPrefix("#") { continue }
      if name.contains(UInt8(ascii: "?")) || name.contains(UInt8(ascii: "$")) {
        self = .pattern
      } else {
        self = name.isHostname ? .name(name) : .invalid(name)
      }
      return
    }
  }
}

extension Text {
  /// Whether this is a host name: letters, digits, dashes and dots, at most 64, no empty label, no dash at either end of a label
  /// (systemd: hostname_is_valid()).
  fileprivate var isHostname: Bool {
    var last = UInt8(ascii: ".")
    for byte in self {
      let isPunctuation = byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
      guard isPunctuation || byte.isLetter || byte.isDigit else { return false }
      if byte == UInt8(ascii: "-"), last == UInt8(ascii: ".") { return false }
      if byte == UInt8(ascii: "."), last == byte || last == UInt8(ascii: "-") { return false }
      last = byte
    }
    return count <= 64 && last != UInt8(ascii: "-") && last != UInt8(ascii: ".")
  }
}
