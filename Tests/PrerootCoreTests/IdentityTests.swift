// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("/etc/machine-id")
struct MachineIDTests {
  private static let id = "0123456789abcdef0123456789ABCDEF"

  @Test("/etc/machine-id is read as machine-id(5) documents it", arguments: [
    (nil, MachineID.missing), ("", .empty), ("\n", .empty), (" \n\n", .empty), ("uninitialized\n", .uninitialized), ("uninitialized", .uninitialized),
    (id, .valid(Text(utf8: id))), ("\(id)\n", .valid(Text(utf8: id))), (String(repeating: "0", count: 31) + "1", .valid(Text(utf8: String(repeating: "0", count: 31) + "1"))),
    // These are neither an ID nor a valid word.
    ("Uninitialized\n", .invalid), ("\(id)0\n", .invalid), (String(id.dropLast()), .invalid), (String(repeating: "0", count: 32), .invalid),
    (String(id.dropLast()) + "g", .invalid), (String(id.dropLast()) + "@", .invalid), (String(id.dropLast()) + "`", .invalid), (String(id.dropLast()) + "-", .invalid),
    ("01234567-89ab-cdef-0123-456789abcdef\n", .invalid), ("\(id)\n\(id)\n", .invalid), ("0123\n", .invalid),
  ] as [(String?, MachineID)])
  func says(contents: String?, expected: MachineID) {
    #expect(MachineID(contents.map { Text(utf8: $0) }) == expected)
  }

  @Test("Only a missing or uninitialized /etc/machine-id makes a first boot")
  func makesFirstBoot() {
    let all: [MachineID] = [.missing, .uninitialized, .empty, .invalid, .valid(Text(utf8: Self.id))]
    #expect(all.filter(\.isFirstBoot) == [.missing, .uninitialized])
  }
}

@Suite("/etc/hostname")
struct HostnameTests {
  private func hostname(_ contents: String?) -> Hostname { Hostname(contents.map { Text(utf8: $0) }) }

  @Test("The host name is the first line of /etc/hostname that is not a comment", arguments: [
    ("box\n", "box"), ("box", "box"), ("\n\n  box  \n", "box"), ("# a comment\n #another\nbox\nother\n", "box"), ("a.b-c.D9", "a.b-c.D9"),
    ("1", "1"), ("a--b", "a--b"), (String(repeating: "x", count: 64), String(repeating: "x", count: 64)),
  ])
  func hasName(contents: String, name: String) {
    #expect(hostname(contents) == .name(Text(utf8: name)))
  }

  @Test("/etc/hostname without a name sets none", arguments: [nil, "", "\n", " \n\t\n", "# box\n", "  #box\n#\n"] as [String?])
  func saysNothing(contents: String?) {
    #expect(hostname(contents) == .none)
  }

  @Test("A pattern in /etc/hostname is left to systemd", arguments: ["box-????\n", "?", "$box\n", "# ok\nbox-$\n"])
  func isPattern(contents: String) {
    #expect(hostname(contents) == .pattern)
  }

  @Test("An invalid name in /etc/hostname is rejected", arguments: [
    "a b", "-box", "box-", "box.", ".box", "a..b", "a.-b", "a-.b", "bäx", "box!", "a_b", "a/b", "-", ".", "box\u{7f}", String(repeating: "x", count: 65),
  ])
  func isJunk(name: String) {
    #expect(hostname("# ok\n\(name)\nbox\n") == .invalid(Text(utf8: name)))
  }
}

@Suite("Reload and re-execution")
struct AdvanceTests {
  /// Whether the upper has its own systemd, whether it has a different ID, whether PID 1 saw a first boot, whether the upper
  /// makes it one, and the reason why PID 1 has to re-execute.
  static let table: [(Bool, Bool, Bool, Bool, String?)] = [
    (false, false, false, false, nil),
    (false, false, false, true, "this is the upper's first boot"),
    (false, false, true, false, "the upper's first boot is complete"),
    (false, false, true, true, nil),
    (false, true, false, false, "the upper has a different machine ID"),
    (false, true, false, true, "the upper has a different machine ID"),
    (false, true, true, false, "the upper has a different machine ID"),
    (false, true, true, true, "the upper has a different machine ID"),
    (true, false, false, false, "the upper has its own systemd"),
    (true, false, false, true, "the upper has its own systemd"),
    (true, false, true, false, "the upper has its own systemd"),
    (true, false, true, true, "the upper has its own systemd"),
    (true, true, false, false, "the upper has its own systemd"),
    (true, true, false, true, "the upper has its own systemd"),
    (true, true, true, false, "the upper has its own systemd"),
    (true, true, true, true, "the upper has its own systemd"),
  ]

  @Test("PID 1 reloads unless the overlay requires it to re-execute, and a reason says why", arguments: table)
  func isChosen(hasOtherManager: Bool, hasOtherID: Bool, wasFirstBoot: Bool, isFirstBoot: Bool, demand: String?) {
    var changes = OverlayChanges()
    changes.hasOtherManager = hasOtherManager
    changes.machineIDBefore = "1"
    changes.machineID = hasOtherID ? "2" : "1"
    changes.wasFirstBoot = wasFirstBoot
    changes.isFirstBoot = isFirstBoot

    let auto = Advance(.auto, over: changes, as: .upper)
    #expect(auto.isReexecution == (demand != nil))
    #expect(auto.reason.string == demand ?? "the upper can hold units")
    let reload = Advance(.reload, over: changes, as: .switchMode)
    #expect(!reload.isReexecution)
    #expect(reload.reason.string == "preroot.switch= requests it" + (demand.map { ", although \($0)" } ?? ""))
    let reexec = Advance(.reexec, over: changes, as: .switchMode)
    #expect(reexec.isReexecution)
    #expect(reexec.reason.string == "preroot.switch= requests it")
  }

  @Test("The table of re-executions covers all 16 cases")
  func isDecidedInEveryCase() {
    #expect(Set(Self.table.map { [$0.0, $0.1, $0.2, $0.3] }).count == 16)
  }

  @Test("PID 1 re-executes if only one of PID 1 and the overlay has a machine ID")
  func isForEmptyID() {
    var changes = OverlayChanges()
    #expect(!Advance(.auto, over: changes, as: .upper).isReexecution)
    changes.machineID = "1"
    #expect(Advance(.auto, over: changes, as: .upper).isReexecution)
  }
}
