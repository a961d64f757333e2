// SPDX-License-Identifier: MIT
import Testing

@testable import PrerootCore

@Suite("What holds the units back")
struct HoldTests {
  private static func hold(_ words: String, _ change: (inout BootFacts) -> Void = { _ in }) -> Hold {
    var facts = BootFacts()
    facts.assignments.add(KernelCommandLine(parsing: Text(utf8: words)))
    change(&facts)
    return Hold(for: facts)
  }

  @Test("Ordering holds the units back if the overlay begins empty and covers the whole root", arguments: [
    "", "preroot", "preroot=tmpfs", "preroot=tmpfs:size=64m,nr_inodes=1k", "preroot.upper=tmpfs", "preroot.upper=", "preroot.scope=/", "preroot.scope=",
    "preroot.bind=", "preroot.switch=auto", "preroot.switch=typo", "preroot=/dev/sda1 preroot=tmpfs", "preroot.scope=/etc preroot.scope=/",
    "preroot.switch=reload preroot.switch=auto", "preroot.upper=typo", "preroot.fallback=reboot preroot.reset preroot.attempts=1 preroot.dir=/x", "overlayroot=tmpfs",
  ])
  func isOrdering(words: String) {
    #expect(Self.hold(words) == .ordering)
  }

  @Test("A condition holds the units back if PID 1 has to read the overlay", arguments: [
    ("preroot.switch=reload", .switchMode), ("preroot.switch=reexec", .switchMode), ("preroot=/dev/sda1", .upper), ("preroot=LABEL=data", .upper),
    ("preroot=LABEL=", .upper), ("preroot=sda1", .upper), ("preroot.upper=mtd:data", .upper), ("preroot=ubi0:data", .upper), ("preroot=tmpfs preroot.upper=PARTLABEL=x", .upper),
    ("preroot=/dev/sda1 preroot.upper=typo", .upper), ("preroot.scope=/etc", .scope), ("preroot.scope=/etc:/var", .scope), ("preroot.scope=/ preroot.scope=/etc", .scope),
    ("preroot.scope=typo", .scope), ("preroot.scope=/:/etc", .scope), ("preroot.bind=/home", .binds), ("preroot.bind=typo", .binds),
  ] as [(String, Hold.Need)])
  func isCondition(words: String, need: Hold.Need) {
    #expect(Self.hold(words) == .condition(need))
  }

  @Test("A condition holds the units back in a first boot, and if a drop-in can order the helper")
  func isConditionByFacts() {
    #expect(Self.hold("preroot=tmpfs") { $0.isFirstBoot = true } == .condition(.firstBoot))
    #expect(Self.hold("preroot=tmpfs") { $0.helperOverride = "/etc/systemd/system/service.d" } == .condition(.override("/etc/systemd/system/service.d")))
  }

  /// It reads the assignments without the rest of the settings, and has to agree with them about plain ones.
  @Test("Ordering holds the units back only if Settings agrees about the assignments", arguments: [
    "preroot", "preroot=tmpfs", "preroot=no", "preroot=tmpfs:", "preroot=tmpfs:typo", "preroot=tmpfs:/dev/sda", "preroot=/dev/sda", "preroot=sda", "preroot=LABEL=x",
    "preroot=LABEL=", "preroot=/", "preroot=:", "preroot.upper=", "preroot.upper=tmpfs", "preroot.upper=typo", "preroot.upper=mmcblk0p1", "preroot.upper=UUID=1",
  ], [
    "", "preroot.scope=", "preroot.scope=/", "preroot.scope=//", "preroot.scope=/etc", "preroot.scope=/:/etc", "preroot.scope=typo", "preroot.scope=/proc",
    "preroot.bind=", "preroot.bind=/", "preroot.bind=/home", "preroot.bind=typo", "preroot.switch=auto", "preroot.switch=reload", "preroot.switch=RELOAD", "preroot.switch=",
  ])
  func agreesWithSettings(first: String, second: String) {
    for words in ["\(first) \(second)", "\(first) preroot=/dev/sdb \(second) preroot.scope=/var", "preroot=/dev/sdb preroot.switch=reexec \(second) \(first)"] {
      var facts = BootFacts()
      facts.assignments.add(KernelCommandLine(parsing: Text(utf8: words)))
      guard Hold(for: facts) == .ordering else { continue }
      let settings = Settings(facts.assignments)
      #expect(!settings.upper.isPersistent && settings.scope == .root && settings.binds.isEmpty && settings.switchMode == .auto, "\(words)")
    }
  }
}
