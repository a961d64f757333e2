// SPDX-License-Identifier: MIT
import CoreSupport
import PrerootCore
import Testing

@Suite("The kernel command line")
struct KernelCommandLineTests {
  /// As systemd 252's extract_first_word() has it, with the flags of proc_cmdline().
  @Test("is read as systemd reads it", arguments: [
    ("", []),
    ("\n", []),
    ("quiet ro\n", ["quiet", "ro"]),
    ("  quiet \t ro \r\n", ["quiet", "ro"]),
    ("a=\"b c\" d", ["a=b c", "d"]),
    ("\"a=b c\" d", ["a=b c", "d"]),
    ("a='b \"c' d", ["a=b \"c", "d"]),
    ("a=\"b 'c\" d", ["a=b 'c", "d"]),
    ("a=b\"c d\"e f", ["a=bc de", "f"]),
    ("a=\"open to the end\n", ["a=open to the end"]),
    ("one\ntwo", ["one"]),
    ("x 'open", ["x", "open"]),
    ("x \"", ["x", ""]),
    ("a=c:\\dir\\ b", ["a=c:\\dir\\", "b"]),
    ("a=\"c\\\" b", ["a=c\\", "b"]),
    ("a \"\" b", ["a", "", "b"]),
    ("a= b", ["a=", "b"]),
    ("a=b=c", ["a=b=c"]),
    ("=b", ["=b"]),
    ("preroot=tmpfs -- single", ["preroot=tmpfs", "--", "single"]),
  ] as [(String, [String])])
  func isReadAsSystemdDoes(line: String, expected: [String]) {
    #expect(KernelCommandLine(parsing: Text(utf8: line)).words.map(\.text.string) == expected)
  }

  @Test("separates words only where systemd does: a vertical tab and a form feed are letters to it")
  func separatesAsSystemdDoes() {
    #expect(KernelCommandLine(parsing: Text(utf8: "a\u{b}b c\u{c}d")).words.map(\.text.string) == ["a\u{b}b", "c\u{c}d"])
  }

  @Test("tells an empty value from none")
  func tellsEmptyFromNone() {
    let words = KernelCommandLine(parsing: "a a= a=b").words
    #expect(words.map(\.key.string) == ["a", "a", "a"])
    #expect(words.map { $0.value?.string } == [nil, "", "b"])
  }

  @Test("takes '-' and '_' in a key for the same")
  func takesDashForUnderscore() {
    let word = KernelCommandLine.Word("pre-root_x=a-b")
    #expect(word.isKey("pre-root_x"))
    #expect(word.isKey("pre_root-x"))
    #expect(!word.isKey("pre-root_xy"))
    #expect(!word.isKey("pre-root"))
    #expect(!word.isKey("pre.root_x"))
    #expect(word.hasKeyPrefix("pre_"))
    #expect(!word.hasKeyPrefix("pre_root_xyz"))
    #expect(word.value?.string == "a-b")
  }

  @Test("is in a container what PID 1 was started with, word by word, without the program")
  func isArgumentsOfInit() {
    let arguments = Text(utf8: "/lib/systemd/systemd\0preroot=tmpfs\0a=b c\0\"q\"\0rescue\0")
    #expect(KernelCommandLine(arguments: arguments).words.map(\.text.string) == ["preroot=tmpfs", "a=b c", "\"q\"", "rescue"])
    #expect(KernelCommandLine(arguments: Text(utf8: "/sbin/init\0")).words.isEmpty)
    #expect(KernelCommandLine(arguments: Text()).words.isEmpty)
  }
}
