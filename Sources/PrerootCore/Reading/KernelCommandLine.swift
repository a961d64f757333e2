// SPDX-License-Identifier: MIT
/// The words of the kernel command line, as systemd reads them.
///
/// Quotes group and are removed, a backslash is an ordinary character, and the end of the line closes an open quote: systemd's
/// extract_first_word() with EXTRACT_UNQUOTE|EXTRACT_RELAX|EXTRACT_RETAIN_ESCAPE (proc-cmdline.c). This must match systemd, not the
/// kernel: if PID 1 sees a boot target that preroot does not see, or the reverse, the machine boots wrongly.
/// See kernel-command-line(7).
public struct KernelCommandLine: Equatable, Sendable {
  /// One word: `key` or `key=value`. An empty value is different from none.
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

    /// The word as written, without its quotes.
    public var text: Text {
      guard let value else { return key }
      return key + "=" + value
    }

    /// Returns whether the key is `name`; `-` and `_` are equal (proc_cmdline_key_streq()).
    public func isKey(_ name: Text) -> Bool {
      key.count == name.count && hasKeyPrefix(name)
    }

    /// Returns whether the key begins with `prefix`; `-` and `_` are equal.
    @inline(never) public func hasKeyPrefix(_ prefix: Text) -> Bool {
      guard key.count >= prefix.count else { return false }
      for place in prefix.indices where key[place].withoutDash != prefix[place].withoutDash { return false }
      return true
    }
  }

  public var words: [Word] = []

  public init() {}

  /// Reads the words of /proc/cmdline.
  public init(parsing line: Text) {
    var word = Text.Builder()
    var isInWord = false
    var quote: UInt8? = nil
    // PID 1 reads only the first line; its end closes an open quote.
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

  /// Reads the words of /proc/1/cmdline, as systemd does in a container. A NUL byte ends each word, and the first word is the program's
  /// name. See proc_pid_cmdline(5).
  public init(arguments: Text) {
    let all = arguments.split(at: 0)
    for place in all.indices where place > 0 { add(all[place]) }
  }

  /// The program that the kernel starts as PID 1; nil if the command line leaves the choice to the kernel. See bootparam(7).
  public var initProgram: Text? {
    var program: Text?
    for word in words where word.key == "init" { program = word.value ?? program }
    return program
  }

  @inline(never) private mutating func add(_ text: Text) { words.append(Word(text)) }
}
