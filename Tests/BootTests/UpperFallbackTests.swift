// SPDX-License-Identifier: MIT
import Bed
import Testing

/// If a requested upper is unavailable, the machine does what preroot.fallback= says, and the loss stays visible.
@Suite("Unavailable uppers")
struct UpperFallbackTests {
  private static let absent = ["preroot=LABEL=absent", "preroot.timeout=2"]

  private func machine(_ words: String..., tree: Tree = .noting) -> Machine {
    var machine = Machine(.kernel(.squashfs), tree)
    machine.words = Self.absent + words
    return machine
  }

  @Test("A boot falls back to a tmpfs if the upper's device does not appear in time", arguments: Entrance.chosen)
  func isGivenUp(entrance: Entrance) async throws {
    let boot = try await machine().by(entrance).boot()
    expectFallback(in: boot, saying: "absent")
    #expect(boot.bootsNoted == 1)
    // By the other entrance, the unit only shows the outcome.
    guard entrance == .stageOne else { return }
    let unit = try #require(boot.units["overlay-prep.service"])
    let time = try #require(unit.mainStart.flatMap { start in unit.mainExit.map { $0 - start } })
    // The reload takes the rest of the time, on a host that may be busy.
    #expect(time > .seconds(2) && time < .seconds(40), "\(time.formatted)")
  }

  @Test("A malformed device name is an unavailable upper, not a request for a tmpfs", arguments: [
    ("preroot=sda3", "sda3 names no device; write /dev/sda3"), ("preroot=LABEL=", "LABEL= names no device: its value is empty"),
    ("overlayroot=device:dev=LABEL=data", "overlayroot=device:dev=LABEL=data names no device"),
  ], Entrance.chosen)
  func isNamedWrongly(name: (word: String, sentence: String), entrance: Entrance) async throws {
    let boot = try await Machine(.kernel(.squashfs), .noting, name.word).by(entrance).boot()
    expectFallback(in: boot, saying: name.sentence)
  }

  @Test("preroot.fallback=read-only keeps the root read-only if the upper is unavailable", arguments: Entrance.allCases)
  func leavesTheRootReadOnly(entrance: Entrance) async throws {
    let boot = try await machine("preroot.fallback=read-only").by(entrance).boot()
    #expect(boot.state == "degraded")
    #expect(boot.failedUnits.contains("overlay-prep.service"))
    #expect(boot.units["overlay-prep.service"]?.properties["ExecMainStatus"] == "3")
    #expect(!boot.isRootWritable)
    #expect(boot.mounts["/"]?.fileSystem == "squashfs")
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    #expect(boot.startupCount == 1)
    expectError(in: boot, saying: "absent")
  }

  @Test("preroot.fallback=emergency leads to emergency.target if the upper is unavailable", arguments: Entrance.allCases)
  func leadsToEmergency(entrance: Entrance) async throws {
    let boot = try await machine("preroot.fallback=emergency", tree: Tree.noting.withWaitingShells).by(entrance).boot()
    #expect(boot.units["emergency.target"]?.activeState == "active")
    #expect(boot.state == "maintenance")
    #expect(boot.units["multi-user.target"]?.activeState != "active")
    // By the other entrance, nothing of sysinit.target has started.
    if entrance == .stageOne { #expect(boot.failedUnits.contains("overlay-prep.service")) }
    // An emergency has no journal.
    #expect(boot.file("dmesg")?.contains("LABEL=absent did not appear") == true)
  }

  @Test("preroot.fallback=reboot reboots the machine if the upper is unavailable", arguments: Entrance.allCases)
  func reboots(entrance: Entrance) async throws {
    let console = try await machine("preroot.fallback=reboot").by(entrance).bootUntilReboot()
    #expect(console.lines.contains { $0.contains("absent") }, "The console does not say why")
    #expect(console.failures.filter { !$0.contains("overlay-prep.service") } == [])
  }

  @Test("A boot waits for an upper's device that appears late", arguments: Entrance.allCases)
  func isWaitedFor(entrance: Entrance) async throws {
    var machine = Machine(.kernel(.squashfs), .noting, "preroot=LABEL=late", "preroot.timeout=60").by(entrance)
    machine.hotplug = .init(try await .ext4(label: "late"), at: "as init process" + .seconds(3))
    let boot = try await machine.boot()
    expectUpper(in: boot)
    #expect(boot.bootsNoted == 1)
  }

  @Test("A boot falls back to a tmpfs if two devices share the name, and an error names both", arguments: Entrance.chosen)
  func isAmbiguous(entrance: Entrance) async throws {
    let machine = Machine(.kernel(.squashfs), .noting, "preroot=LABEL=data").by(entrance)
    var two = machine
    two.disks = [try await .ext4(label: "data"), try await .ext4(label: "data")]
    expectFallback(in: try await two.boot(), saying: "LABEL=data matches more than one device: ")
  }

  @Test("A second device of the same name that appears late is reported, and the first is used", arguments: Entrance.chosen)
  func isFirst(entrance: Entrance) async throws {
    let fsck = "#!/bin/sh\necho checking > /dev/console\nfor i in $(seq 100); do [ \"$(cat /sys/class/block/ubdc/size 2>/dev/null)\" -gt 0 ] && break; sleep 0.1; done 2>/dev/null\nsleep 0.2\nexit 0\n"
    var machine = Machine(.kernel(.squashfs), Tree.noting.with("/usr/sbin/fsck.ext4", fsck, mode: 0o755), "preroot=LABEL=data").by(entrance)
    machine.disks = [try await .ext4(label: "data")]
    machine.hotplug = .init(try await .ext4(label: "data"), at: "checking")
    let boot = try await machine.boot()
    expectUpper(in: boot)
    #expect(boot.store?.source == "/dev/ubdb")
    #expect(boot.remarks.contains { $0.contains("LABEL=data matches more than one device: /dev/ubdb is used, /dev/ubdc ignored") }, "\(boot.remarks)")
  }

  @Test("A FAT device is refused with a clear error and left unchanged", arguments: Entrance.chosen)
  func refusesFAT(entrance: Entrance) async throws {
    let disk = try await Disk.vfat()
    let checksum = try await disk.checksum
    let boot = try await Machine(keepingOn: disk).by(entrance).boot()
    expectFallback(in: boot, saying: "vfat")
    #expect(boot.remarks.count { $0.contains("vfat") } >= 1)
    #expect(try await disk.checksum == checksum)
  }

  @Test("A device with a corrupt superblock is refused and left unchanged", arguments: Entrance.chosen)
  func leavesTheCorruptAlone(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    try disk.corruptSuperblock()
    let checksum = try await disk.checksum
    let boot = try await Machine(keepingOn: disk, .noting, "preroot.format=blank").by(entrance).boot()
    expectFallback(in: boot, saying: "/dev/ubdb")
    #expect(try await disk.checksum == checksum, "preroot has written to the disk")
  }

  @Test("A read-only device is refused", arguments: Entrance.chosen)
  func isReadOnly(entrance: Entrance) async throws {
    var disk = try await Disk.ext4()
    disk.isReadOnly = true
    let boot = try await Machine(keepingOn: disk, Tree.lean.noting("preroot check; echo \"check=$?\"")).by(entrance).boot()
    expectFallback(in: boot, saying: "/dev/ubdb is read-only")
    let sentence = "problem: /dev/ubdb is read-only: 'blockdev --setrw' changes that, unless its switch or the kernel forbids it\n"
    #expect(boot.script?.output.contains(sentence) == true, "\(boot.script?.output ?? "")")
    #expect(boot.told("check") == "1")
  }
}

@Suite("The check of an upper")
struct UpperCheckTests {
  private static let fsck = "/usr/sbin/fsck.ext4"

  @Test("The machine boots if the kernel kills fsck when memory runs out", arguments: Entrance.chosen)
  func isKilled(entrance: Entrance) async throws {
    // This calls the kernel's OOM killer, as the test is about whom it kills. A machine that really runs out of memory reads its
    // programs from the disk again and again before the kernel kills a process. See linux: Documentation/admin-guide/sysrq.rst, `f`.
    let tree = Tree.noting.with(Self.fsck, "#!/bin/sh\necho f > /proc/sysrq-trigger\nsleep 60\n", mode: 0o755)
    let boot = try await Machine(keepingOn: .ext4(), tree).by(entrance).boot()
    expectFallback(in: boot, saying: "fsck.ext4 was killed by signal 9")
  }

  @Test("A failed fsck is reported with the meaning of its status and its first line", arguments: Entrance.chosen)
  func isTold(entrance: Entrance) async throws {
    let usage = "#!/bin/sh\necho \"fsck.ext4: invalid option -- 'p'\"\nseq 100\necho ' -z undo_file'\nexit 16\n"
    let boot = try await Machine(keepingOn: .ext4(), Tree.noting.with(Self.fsck, usage, mode: 0o755)).by(entrance).boot()
    expectFallback(in: boot, saying: "fsck.ext4 exited with status 16 (usage or syntax error): fsck.ext4: invalid option -- 'p'")
    #expect(!boot.remarks.contains { $0.contains("undo_file") })
  }

  /// journalctl prints no message that has control characters.
  @Test("A hostile complaint reaches the log, users who log in and preroot status without control characters", arguments: Entrance.chosen)
  func isEscaped(entrance: Entrance) async throws {
    let hostile = "#!/bin/sh\nprintf 'bad \\033[2J\\033]0;owned\\007 \\302\\233 \\377 end\\n'\nexit 8\n"
    let tree = Tree.lean.with(Self.fsck, hostile, mode: 0o755).noting("preroot status; journalctl -b --no-pager -u overlay-prep.service")
    let boot = try await Machine(keepingOn: .ext4(), tree).by(entrance).boot()
    expectFallback(in: boot, saying: "fsck.ext4 exited with status 8 (operational error): bad ")
    let escaped = #"bad \x1b[2J\x1b]0;owned\x07 \xc2\x9b \xff end"#
    let output = boot.script?.output ?? ""
    #expect(boot.told("login")?.contains(escaped) == true, "\(output)")
    // The message of the day, the reason, and the journal's lines.
    #expect(output.components(separatedBy: escaped).count > 4, "\(output)")
    #expect(!output.contains("blob data"), "\(output)")
    #expect(output.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) }, "\(output)")
    #expect(boot.file("dmesg")?.contains(escaped) == true)
  }

  @Test("fsck repairs a faulty upper unless preroot.check=no", arguments: [true, false], Entrance.chosen)
  func mends(isAskedFor: Bool, entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    try await disk.markFaulty()
    let boot = try await Machine(keepingOn: disk, .noting, "preroot.check=\(isAskedFor ? "yes" : "no")").by(entrance).boot()
    expectUpper(in: boot)
    #expect(try await disk.isMarkedFaulty == !isAskedFor)
  }
}
