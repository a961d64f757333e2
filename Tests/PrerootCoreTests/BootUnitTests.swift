// SPDX-License-Identifier: MIT
import CoreSupport
import PrerootCore
import Testing

@Suite("Unit names")
struct UnitNameTests {
  @Test("UnitName accepts the names that systemd accepts", arguments: [
    "default.target", "a.service", "getty@tty1.service", "a-b_c:d.e.target", #"a\x20b.mount"#, "-.mount", "1.swap", "x.automount",
    "x.timer", "x.path", "x.slice", "x.scope", "x.device", "x.socket", "a@b@.target",
  ])
  func isAccepted(name: String) {
    #expect(UnitName(Text(utf8: name))?.text.string == name)
  }

  @Test("UnitName rejects the names that systemd rejects", arguments: [
    "", "default", ".target", "default.", "default.tgt", "a b.target", "a/b.target", "getty@.service", "@a.service", "ä.target",
    "a.target ", "rescue 3", "a\u{7f}.target", "a%i.target", "default.Target", "snapshot.snapshot",
  ])
  func isRefused(name: String) {
    #expect(UnitName(Text(utf8: name)) == nil)
  }

  @Test("UnitName rejects names longer than 255 bytes")
  func hasLimit() {
    let suffix = ".target"
    #expect(UnitName(Text(utf8: String(repeating: "a", count: 255 - suffix.count) + suffix)) != nil)
    #expect(UnitName(Text(utf8: String(repeating: "a", count: 256 - suffix.count) + suffix)) == nil)
  }
}

@Suite("Paths in unit names")
struct PathInUnitNameTests {
  /// The expected names are those of `systemd-escape --path`.
  @Test("A path is escaped for a unit name as systemd-escape does it", arguments: [
    ("/etc", "etc"), ("/var/lib", "var-lib"), ("/var/lib-x", #"var-lib\x2dx"#), ("/a b", #"a\x20b"#), ("/.hidden/.x", #"\x2ehidden-.x"#),
    (#"/a\b"#, #"a\x5cb"#), ("/ä", #"\xc3\xa4"#), ("/a_b.c,d", #"a_b.c\x2cd"#), ("/a:b", "a:b"),
  ])
  func isEscaped(path: String, expected: String) {
    #expect(Text(utf8: path).unitName.string == expected)
  }
}

@Suite("The boot unit")
struct BootUnitTests {
  private func unit(_ line: String) -> String { BootUnit(on: KernelCommandLine(parsing: Text(utf8: line))).name.string }

  /// These are all words of systemd's rlmap.
  @Test("SysV runlevels and words on the command line select their systemd targets", arguments: [
    ("emergency", "emergency.target"), ("-b", "emergency.target"),
    ("rescue", "rescue.target"), ("single", "rescue.target"), ("-s", "rescue.target"), ("s", "rescue.target"), ("S", "rescue.target"),
    ("1", "rescue.target"),
    ("2", "multi-user.target"), ("3", "multi-user.target"), ("4", "multi-user.target"),
    ("5", "graphical.target"),
  ])
  func isWordOfOld(word: String, expected: String) {
    #expect(unit("quiet \(word) ro") == expected)
    #expect(unit("\"\(word)\"") == expected)
  }

  @Test("A boot goes to default.target if no valid word selects another unit", arguments: [
    "", "quiet ro", "0", "6", "7", "auto", "b", "-S", "-z", "rescue=1", "single=yes", "3=", "Rescue", "EMERGENCY", "rescue.target", "'rescue 3'",
    "unit=rescue.target", "rd.systemd.unit=rescue.target", "systemd.unit", "systemd.unit=", "systemd.unit=rescue",
    "systemd.unit=\"rescue 3\"", "systemd.unit=getty@.service", "systemd.unit=a/b.target", "systemd.units=rescue.target",
    "rd.rescue",
  ])
  func isDefault(line: String) {
    #expect(unit(line) == "default.target")
  }

  @Test("systemd.unit= selects the boot's unit", arguments: [
    ("systemd.unit=rescue.target", "rescue.target"), ("systemd.unit=\"my.target\"", "my.target"), ("'systemd.unit=my.target'", "my.target"),
    ("systemd.unit=getty@tty1.service", "getty@tty1.service"), ("systemd.unit=\"rescue.target", "rescue.target"), ("systemd.unit=\"rescue.target\n", "rescue.target"),
  ])
  func isNamed(line: String, expected: String) {
    #expect(unit(line) == expected)
  }

  @Test("The last valid word that selects a boot unit wins", arguments: [
    ("3 5", "graphical.target"), ("5 3", "multi-user.target"), ("systemd.unit=a.target 3", "multi-user.target"),
    ("3 systemd.unit=a.target", "a.target"), ("systemd.unit=a.target systemd.unit=b.target", "b.target"),
    ("systemd.unit=a.target systemd.unit=none", "a.target"), ("systemd.unit=rescue 3", "multi-user.target"),
    ("3 systemd.unit=rescue", "multi-user.target"), ("emergency single", "rescue.target"), ("S systemd.unit", "rescue.target"),
  ])
  func isLast(line: String, expected: String) {
    #expect(unit(line) == expected)
  }
}
