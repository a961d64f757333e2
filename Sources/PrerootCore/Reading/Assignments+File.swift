// SPDX-License-Identifier: MIT
extension Assignments {
  /// Adds the settings in a configuration file. The syntax is systemd's: `[Section]`, `Directive=value`, `#` and `;` comments; a `\` at
  /// the end of a line joins it with the next. See systemd.syntax(7), preroot.conf(5).
  ///
  /// Skips the byte order mark that some editors write.
  public mutating func add(file path: Text, _ contents: Text) {
    var section = Text()
    var pending = Text.Builder()
    let lines = (contents.dropping(prefix: "\u{feff}") ?? contents).rows
    for number in lines.indices {
      let line = lines[number]
      let start = line.trimmed
      if start.hasPrefix("#") || start.hasPrefix(";") { continue }
      if line.last == UInt8(ascii: "\\"), number + 1 < lines.count {
        pending.append(line.dropLast(1))
        pending.append(" ")
        continue
      }
      pending.append(line)
      let whole = Text(pending).trimmed
      pending = Text.Builder()
      if whole.isEmpty { continue }
      if whole.hasPrefix("["), whole.hasSuffix("]") {
        section = whole
      } else {
        add(line: whole, in: section, path + ":" + Text(decimal: number + 1) + ": ")
      }
    }
  }

  /// - Parameter place: `FILE:NUMBER: `; lines count from 1, and joined lines have the number of the last.
  private mutating func add(line: Text, in section: Text, _ place: Text) {
    guard let (name, value) = line.cut(at: UInt8(ascii: "=")) else {
      return remarks.add(.warning, place + "'" + line + "' is not 'Setting=value', ignoring")
    }
    let directive = name.trimmed
    let origin = place + directive + "="
    guard section == "[Preroot]" else { return remarks.add(.warning, origin + " is not in the section [Preroot], ignoring") }
    guard let setting = Setting(directive: directive) else { return remarks.add(.warning, origin + Self.unknown) }
    add(setting, value.trimmed, origin, isFromCommandLine: false)
  }

  static var unknown: Text { " is not a setting of preroot, ignoring; see preroot.conf(5)" }
}
