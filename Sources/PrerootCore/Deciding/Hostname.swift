// SPDX-License-Identifier: MIT
/// What /etc/hostname says. See hostname(5).
public enum Hostname: Equatable, Sendable {
  /// No file, or nothing in it but comments: whatever name the machine has stays.
  case none
  case name(Text)
  /// Has wildcards, which systemd 258 and later fills in from the machine ID: a matter of its own.
  case pattern
  case invalid(Text)

  /// - Parameter contents: of the file; nil where there is none.
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
  /// Letters, digits, dashes and dots, no more than 64, no empty label and no dash at a label's end (systemd: hostname_is_valid()).
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
