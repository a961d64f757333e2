// SPDX-License-Identifier: MIT
import CoreSupport
import PrerootCore
import Testing

@Suite("The kernel command line")
struct KernelCommandLineTests {
  /// The expected words are those of systemd 252's extract_first_word() with the flags of proc_cmdline().
  @Test("The kernel command line is split and unquoted as systemd does it", arguments: [
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

  @Test("A vertical tab or form feed does not separate words of the kernel command line")
  func separatesAsSystemdDoes() {
    #expect(KernelCommandLine(parsing: Text(utf8: "a\u{b}b c\u{c}d")).words.map(\.text.string) == ["a\u{b}b", "c\u{c}d"])
  }

  @Test("A word with an empty value differs from a word without one")
  func tellsEmptyFromNone() {
    let words = KernelCommandLine(parsing: "a a= a=b").words
    #expect(words.map(\.key.string) == ["a", "a", "a"])
    #expect(words.map { $0.value?.string } == [nil, "", "b"])
  }

  @Test("'-' and '_' are the same in a key of the kernel command line")
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

  @Test("In a container the arguments of PID 1 take the place of the kernel command line")
  func isArgumentsOfInit() {
    let arguments = Text(utf8: "/lib/systemd/systemd\0preroot=tmpfs\0a=b c\0\"q\"\0rescue\0")
    #expect(KernelCommandLine(arguments: arguments).words.map(\.text.string) == ["preroot=tmpfs", "a=b c", "\"q\"", "rescue"])
    #expect(KernelCommandLine(arguments: Text(utf8: "/sbin/init\0")).words.isEmpty)
    #expect(KernelCommandLine(arguments: Text()).words.isEmpty)
  }
}
