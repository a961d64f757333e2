// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// The answer on standard output, one line per fact: in columns and in colour on a terminal, plain anywhere else. Names are always escaped,
/// because anyone can create a file or name a device.
struct Answer {
  /// See console_codes(4), "ECMA-48 Select Graphic Rendition".
  enum Colour: Int {
    case plain = 0
    case bad = 31
    case good = 32
    case notable = 33
  }

  private let hasColumns = StandardOutput.isTerminal
  /// See https://no-color.org.
  private let hasColours =
    StandardOutput.isTerminal && (Machine.variable(.noColour) ?? Text()).isEmpty && Machine.variable(.terminal).map { $0 != "dumb" } == true
  private(set) var text = Text()

  /// `NAME: VALUE`
  @inline(never) mutating func add(_ name: Text, _ value: Text, _ colour: Colour = .plain) {
    text.append(name + ": ")
    if hasColumns { for _ in name.count..<10 { text.append(" ") } }
    add(value, colour)
    text.append("\n")
  }

  @inline(never) mutating func add(line: Text, _ colour: Colour = .plain) {
    add(line, colour)
    text.append("\n")
  }

  private mutating func add(_ value: Text, _ colour: Colour) {
    let isColoured = hasColours && colour != .plain
    if isColoured { text.append(Text("\u{1b}[") + Text(decimal: colour.rawValue) + "m") }
    text.append(value.escapedForTerminal)
    if isColoured { text.append("\u{1b}[0m") }
  }
}

extension Text {
  /// Formats a size for people: `1.9 MiB`.
  @inline(never) init(kilobytes: Int) {
    let units = Text("KiB MiB GiB TiB").words
    var unit = 0, rest = kilobytes, tenths = 0
    while rest >= 1024, unit < units.count - 1 {
      tenths = rest % 1024 * 10 / 1024
      rest /= 1024
      unit += 1
    }
    self = Text(decimal: rest)
    if unit > 0, rest < 100 { self = self + "." + Text(decimal: tenths) }
    self = self + " " + units[unit]
  }
}
