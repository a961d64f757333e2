// SPDX-License-Identifier: MIT
// Escaping and unescaping of bytes that have a special meaning to some reader.

extension Text {
  /// Returns the text with some bytes replaced.
  ///
  /// - Parameter replacement: returns the replacement for the byte at a place; nil keeps the byte.
  @inline(never) func replacing(_ replacement: (_ byte: UInt8, _ place: Int) -> Text?) -> Text {
    var out = Builder(), done = 0
    for place in indices {
      guard let replacement = replacement(self[place], place) else { continue }
      out.append(self[done..<place])
      out.append(replacement)
      done = place + 1
    }
    out.append(self[done..<count])
    return Text(out)
  }

  /// Returns the text with each escape replaced by one byte.
  ///
  /// - Parameter escape: returns the byte that the escape at a place stands for, and the escape's length; nil if the backslash at that place
  ///   begins no escape.
  @inline(never) func unescaping(_ escape: (_ place: Int) -> (byte: UInt8, count: Int)?) -> Text {
    var out = Builder(), done = 0, place = 0
    while place < count {
      guard self[place] == UInt8(ascii: "\\"), let (byte, length) = escape(place) else {
        place += 1
        continue
      }
      out.append(self[done..<place])
      out.append(byte)
      place += length
      done = place
    }
    out.append(self[done..<count])
    return Text(out)
  }

  /// Returns the value of `count` digits at a place; nil if there are fewer.
  @inline(never) func digits(_ count: Int, at place: Int, base: Int) -> UInt8? {
    var value = 0
    for place in place..<(place + count) {
      guard place < self.count, let digit = self[place].hexadecimalDigit, digit < base else { return nil }
      value = value * base + Int(digit)
    }
    return UInt8(exactly: value)
  }

  // MARK: The kernel's tables, and fstab

  /// Decodes `\040` and the like, which stand for blanks, tabs, newlines, `#` and backslashes. See proc_pid_mounts(5), fstab(5).
  var unescapingOctal: Text {
    unescaping { place in digits(3, at: place + 1, base: 8).map { ($0, 4) } }
  }

  // MARK: udev

  /// Decodes `\x20` and the like, which stand for blanks, slashes and more (libblkid: blkid_encode_string()).
  var unescapingHexadecimal: Text {
    unescaping { place in
      guard place + 1 < count, self[place + 1] == UInt8(ascii: "x") else { return nil }
      return digits(2, at: place + 2, base: 16).map { ($0, 4) }
    }
  }

  // MARK: systemd

  /// Escapes `%`, which would begin a specifier. See systemd.unit(5), "Specifiers".
  var escapedForSpecifiers: Text { replacing { byte, _ in byte == UInt8(ascii: "%") ? "%%" : nil } }

  /// Escapes an absolute path as the prefix of a unit name. See systemd.unit(5), "String Escaping for Inclusion in Unit Names".
  public var unitName: Text {
    dropFirst(1).replacing { byte, place in
      if byte == UInt8(ascii: "/") { return "-" }
      if byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":") || (byte == UInt8(ascii: ".") && place > 0) { return nil }
      return byte.escaped
    }
  }

  /// The mount unit for this path.
  public var mountUnitName: Text { (self == "/" ? "-" : unitName) + ".mount" }

  /// Escapes the text for use within double quotes in a unit file. See systemd.syntax(7), "Quoting".
  var escapedForQuotes: Text {
    replacing { byte, _ in byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? "\\" + Text(byte) : nil }
  }

  // MARK: overlayfs

  /// Escapes for overlayfs' options, where `:` separates layers and `,` options; a backslash makes them ordinary.
  var escapedForOverlay: Text {
    replacing { byte, _ in byte == UInt8(ascii: ":") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\\") ? "\\" + Text(byte) : nil }
  }

  // MARK: People and programs

  /// Escapes control characters and bytes that are not UTF-8 as `\x1b`, so that the text is one line and safe on a terminal. C1, U+0080 to
  /// U+009F, controls a terminal, too. See console_codes(4).
  public var escapedForTerminal: Text {
    var end = 0
    return replacing { byte, place in
      if place < end { return nil }
      end = place + lengthOfCharacter(at: place)
      if byte == 0xc2, end > place, self[place + 1] < 0xa0 { end = place }
      return end == place || byte < 0x20 || byte == 0x7f ? byte.escaped : nil
    }
  }

  /// Also escapes backslashes, so that a program can recover the bytes.
  public var escapedForList: Text { replacing { byte, _ in byte == UInt8(ascii: "\\") ? byte.escaped : nil }.escapedForTerminal }

  /// Escapes the text for the inside of a JSON string. The result is valid for any bytes: those that are not UTF-8 become U+FFFD. See
  /// RFC 8259, section 7 and 8.1.
  public var escapedForJSON: Text {
    var end = 0
    return replacing { byte, place in
      if place < end { return nil }
      end = place + lengthOfCharacter(at: place)
      if end == place { return "\u{fffd}" }
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return "\\" + Text(byte) }
      guard byte < 0x20 else { return nil }
      return "\\u00" + Text(hexadecimal: byte)
    }
  }

  /// Reverses `escapedForJSON`.
  var unescapedFromJSON: Text {
    unescaping { place in
      guard place + 1 < count else { return nil }
      if self[place + 1] == UInt8(ascii: "u"), let byte = digits(2, at: place + 4, base: 16) { return (byte, 6) }
      return (self[place + 1], 2)
    }
  }

  /// Returns the length of the UTF-8 character at a place; 0 if it is malformed. See Unicode, table 3-7 "Well-Formed UTF-8 Byte Sequences".
  @inline(never) private func lengthOfCharacter(at place: Int) -> Int {
    let length: Int
    // The range of the second byte; later bytes have 80 to BF.
    var range: ClosedRange<UInt8> = 0x80...0xbf
    switch self[place] {
    case 0x00...0x7f: return 1
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, range) = (3, 0xa0...0xbf)
    case 0xed: (length, range) = (3, 0x80...0x9f)
    case 0xe1...0xef: length = 3
    case 0xf0: (length, range) = (4, 0x90...0xbf)
    case 0xf1...0xf3: length = 4
    case 0xf4: (length, range) = (4, 0x80...0x8f)
    default: return 0
    }
    for next in (place + 1)..<(place + length) {
      guard next < count, range.contains(self[next]) else { return 0 }
      range = 0x80...0xbf
    }
    return length
  }
}

extension UInt8 {
  /// The byte as `\x1b` and the like.
  fileprivate var escaped: Text { "\\x" + Text(hexadecimal: self) }
}
