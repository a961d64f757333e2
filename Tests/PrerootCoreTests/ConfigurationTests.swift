// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("Configuration files")
struct ConfigurationTests {
  /// The assignments of a file as `LINE Setting=value`, then its remarks, each after a `!`.
  private func reading(_ contents: String) -> [String] {
    var assignments = Assignments()
    assignments.add(file: "/f", Text(utf8: contents))
    return assignments.all.map { $0.origin.string.dropFirst("/f:".count).replacing(": ", with: " ") + $0.value.string }
      + assignments.remarks.map { "!" + $0.text.string.dropFirst("/f:".count) }
  }

  @Test("preroot.conf follows the syntax of systemd.syntax(7)", arguments: [
    ("", []),
    ("[Preroot]\nUpper=tmpfs\n", ["2 Upper=tmpfs"]),
    ("[Preroot]\nUpper=tmpfs", ["2 Upper=tmpfs"]),
    ("[Preroot]\r\n  Upper =  tmpfs:size=1m  \r\n", ["2 Upper=tmpfs:size=1m"]),
    ("# a\n; b\n\n  # c\n[Preroot]\nScope=/ # not a comment\n", ["6 Scope=/ # not a comment"]),
    ("[Preroot]\nScope=\n", ["2 Scope="]),
    ("[Preroot]\nScope=a=b\n", ["2 Scope=a=b"]),
    ("[A]\n[Preroot]\nScope=1\n[Preroot]\nUpper=2\n", ["3 Scope=1", "5 Upper=2"]),
    ("[Preroot]\nScope=/etc:\\\n/var\nUpper=tmpfs", ["3 Scope=/etc: /var", "4 Upper=tmpfs"]),
    ("[Preroot]\nScope=a\\\nb\\\n\nUpper=1\n", ["4 Scope=a b", "5 Upper=1"]),
    ("# a comment does not go on \\\n[Preroot]\nScope=1\n", ["3 Scope=1"]),
    ("Upper=early\n", ["!1: Upper= is not in the section [Preroot], ignoring"]),
    ("[Preroot]\nScope=1\n[B]\nScope=2\n", ["2 Scope=1", "!4: Scope= is not in the section [Preroot], ignoring"]),
    ("[Preroot]\njunk\n", ["!2: 'junk' is not 'Setting=value', ignoring"]),
    ("[Preroot\nScope=1", ["!1: '[Preroot' is not 'Setting=value', ignoring", "!2: Scope= is not in the section [Preroot], ignoring"]),
    ("\u{feff}[Preroot]\nScope=1\n", ["2 Scope=1"]),
    ("[Preroot]\nScope=1\\", ["2 Scope=1\\"]),
    ("[Preroot]\nScope=1\\\n", ["2 Scope=1\\"]),
    ("\n\n[Preroot]\n\nScope=1\n\n", ["5 Scope=1"]),
    ("[preroot]\nScope=1", ["!2: Scope= is not in the section [Preroot], ignoring"]),
  ] as [(String, [String])])
  func isRead(contents: String, expected: [String]) {
    #expect(reading(contents) == expected)
  }

  @Test("preroot.conf may have comments between continued lines")
  func mayHaveCommentsBetweenJoinedLines() {
    #expect(reading("[Preroot]\nScope=/etc:\\\n# or more\n; or less\n/var\n") == ["5 Scope=/etc: /var"])
  }

  @Test("Each configuration file begins outside any section")
  func beginsOutsideSections() {
    var assignments = Assignments()
    assignments.add(file: "/usr/lib/preroot.conf", "[Preroot]\nEnable=no\n")
    assignments.add(file: "/etc/preroot.conf.d/1.conf", "Enable=yes\n")
    #expect(assignments.all.map(\.origin.string) == ["/usr/lib/preroot.conf:2: Enable="])
    #expect(assignments.remarks.strings == ["warning: /etc/preroot.conf.d/1.conf:1: Enable= is not in the section [Preroot], ignoring"])
  }
}

@Suite("Configuration drop-ins")
struct ConfigurationPathsTests {
  /// The generator collects them in the same way: directory by directory, the strongest first.
  private func paths(_ directories: [(String, [String])]) -> [String] {
    var paths: [Text] = []
    for (directory, names) in directories { ConfigurationPaths.add(names.map { Text(utf8: $0) }, of: Text(utf8: directory), to: &paths) }
    return paths.strings
  }

  @Test("Drop-ins of /etc take precedence over those of /run and /usr/lib")
  func comeFromThreeDirectories() {
    #expect(ConfigurationPaths.directories.strings == ["/etc", "/run", "/usr/lib"])
  }

  @Test("Drop-ins are read in the order of their file names, regardless of directory")
  func areSorted() {
    #expect(paths([("/etc/", ["50-b.conf", "10-a.conf"]), ("/run/", ["30-c.conf"]), ("/usr/lib/", ["90-z.conf", "00-first.conf"])])
      == ["/usr/lib/00-first.conf", "/etc/10-a.conf", "/run/30-c.conf", "/etc/50-b.conf", "/usr/lib/90-z.conf"])
  }

  @Test("A drop-in masks those of the same name in weaker directories")
  func areMaskedByName() {
    #expect(paths([("/etc/", ["10-a.conf"]), ("/run/", ["10-a.conf", "20-b.conf"]), ("/usr/lib/", ["20-b.conf", "10-a.conf", "30-c.conf"])])
      == ["/etc/10-a.conf", "/run/20-b.conf", "/usr/lib/30-c.conf"])
  }

  @Test("Only files that end in .conf are drop-ins")
  func endInConf() {
    #expect(paths([("/etc/", ["a.conf.bak", "README", ".", "..", "b.conf", "conf"])]) == ["/etc/b.conf"])
  }
}
