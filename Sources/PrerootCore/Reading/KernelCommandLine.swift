// SPDX-License-Identifier: MIT
/// The kernel command line, in words, as systemd reads it.
///
/// Quotes group and vanish, a backslash is an ordinary character, an unclosed quote ends with the line: systemd's
/// extract_first_word() with EXTRACT_UNQUOTE|EXTRACT_RELAX|EXTRACT_RETAIN_ESCAPE (proc-cmdline.c). It has to be systemd's
/// reading and not the kernel's: a boot target seen here and not by PID 1, or the other way round, is a wrong boot.
/// See kernel-command-line(7).
public struct KernelCommandLine: Equatable, Sendable {
  /// One word: `key`, or `key=value`. An empty value is not the same as none.
  public struct Word: Equatable, Sendable {
    public var key: Text
    public var value: Text?

    @inline(never) public init(_ text: Text) {
      if let (before, after) = text.cut(at: UInt8(ascii: "=")) {
        key = before
        value = after
      } else {
        key = text
        value = nil
      }
    }

    /// As it was written, but for quotes.
    public var text: Text {
      guard let value else { return key }
      return key + "=" + value
    }

    /// Whether the key is `name`, `-` and `_` being the same (proc_cmdline_key_streq()).
    public func isKey(_ name: Text) -> Bool {
      key.count == name.count && hasKeyPrefix(name)
    }

    /// Whether the key begins with `prefix`, `-` and `_` being the same.
    @inline(never) public func hasKeyPrefix(_ prefix: Text) -> Bool {
      guard key.count >= prefix.count else { return false }
      for place in prefix.indices where key[place].withoutDash != prefix[place].withoutDash { return false }
      return true
    }
  }

  public var words: [Word] = []

  public init() {}

  /// The words of /proc/cmdline.
  public init(parsing line: Text) {
    var word = Text.Builder()
    var isInWord = false
    var quote: UInt8? = nil
    // The first line is all that PID 1 reads, and its end closes an open quote.
    for byte in line {
      if byte == 0x0a { break }
      if let open = quote {
        if byte == open { quote = nil } else { word.append(byte) }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
        isInWord = true
      } else if byte == 0x20 || byte == 0x09 || byte == 0x0d {
        if isInWord { add(Text(word)) }
        word = Text.Builder()
        isInWord = false
      } else {
        word.append(byte)
        isInWord = true
      }
    }
    if isInWord { add(Text(word)) }
  }

  /// The words of /proc/1/cmdline, which is what systemd reads in a container: each ends with a NUL byte, and the
  /// first is the program's name. See proc_pid_cmdline(5).
  public init(arguments: Text) {
    let all = arguments.split(at: 0)
    for place in all.indices where place > 0 { add(all[place]) }
  }

  @inline(never) private mutating func add(_ text: Text) { words.append(Word(text)) }
}
