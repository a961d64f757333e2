// SPDX-License-Identifier: MIT
import Bed
import Testing

/// An upper that is asked for and cannot be had: the machine goes on as it is told to, and the loss stays visible.
@Suite("An upper that cannot be had")
struct UpperFallbackTests {
  private static let absent = ["preroot=LABEL=absent", "preroot.timeout=2"]

  private func machine(_ words: String..., tree: Tree = .noting) -> Machine {
    var machine = Machine(.kernel(.squashfs), tree)
    machine.words = Self.absent + words
    return machine
  }

  @Test("as its device never comes is given up in time, for a tmpfs")
  func isGivenUp() async throws {
    let boot = try await machine().boot()
    expectFallback(in: boot, saying: "absent")
    let unit = try #require(boot.units["overlay-prep.service"])
    let time = try #require(unit.mainStart.flatMap { start in unit.mainExit.map { $0 - start } })
    // The rest is for the reload, on a machine that may be busy.
    #expect(time > .seconds(2) && time < .seconds(40), "\(time.formatted)")
    #expect(boot.bootsNoted == 1)
  }

  @Test("as its name is none is no tmpfs that was asked for", arguments: [
    ("preroot=sda3", "sda3 names no device; write /dev/sda3"), ("preroot=LABEL=", "LABEL= names no device: its value is empty"),
    ("overlayroot=device:dev=LABEL=data", "overlayroot=device:dev=LABEL=data names no device"),
  ])
  func isNamedWrongly(word: String, sentence: String) async throws {
    let boot = try await Machine(.kernel(.squashfs), .noting, word).boot()
    expectFallback(in: boot, saying: sentence)
  }

  @Test("leaves the root as it was where that is asked for")
  func leavesTheRootReadOnly() async throws {
    let boot = try await machine("preroot.fallback=read-only").boot()
    #expect(boot.state == "degraded")
    #expect(boot.failedUnits.contains("overlay-prep.service"))
    #expect(boot.units["overlay-prep.service"]?.properties["ExecMainStatus"] == "3")
    #expect(!boot.isRootWritable)
    #expect(boot.mounts["/"]?.fileSystem == "squashfs")
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    #expect(boot.startupCount == 1)
    expectError(in: boot, saying: "absent")
  }

  @Test("leads to the emergency target where that is asked for")
  func leadsToEmergency() async throws {
    let boot = try await machine("preroot.fallback=emergency", tree: Tree.noting.withWaitingShells).boot()
    #expect(boot.units["emergency.target"]?.activeState == "active")
    #expect(boot.state == "maintenance")
    #expect(boot.units["multi-user.target"]?.activeState != "active")
    #expect(boot.failedUnits.contains("overlay-prep.service"))
    // There is no journal in an emergency.
    #expect(boot.file("dmesg")?.contains("LABEL=absent is not there") == true)
  }

  @Test("reboots the machine where that is asked for")
  func reboots() async throws {
    let console = try await machine("preroot.fallback=reboot").bootUntilReboot()
    #expect(console.lines.contains { $0.contains("absent") }, "Nobody says why")
    #expect(console.failures.filter { !$0.contains("overlay-prep.service") } == [])
  }

  @Test("as its device is late is waited for")
  func isWaitedFor() async throws {
    var machine = Machine(.kernel(.squashfs), .noting, "preroot=LABEL=late", "preroot.timeout=60")
    machine.hotplug = .init(try await .ext4(label: "late"), at: "Run /sbin/init" + .seconds(3))
    let boot = try await machine.boot()
    expectUpper(in: boot)
    #expect(boot.bootsNoted == 1)
  }

  @Test("as two devices have its name is given up, and both are named")
  func isAmbiguous() async throws {
    let machine = Machine(.kernel(.squashfs), .noting, "preroot=LABEL=data")
    var two = machine
    two.disks = [try await .ext4(label: "data"), try await .ext4(label: "data")]
    expectFallback(in: try await two.boot(), saying: "LABEL=data matches more than one device: ")
  }

  @Test("is used, and a second device that comes meanwhile with its name is told of")
  func isFirst() async throws {
    let fsck = "#!/bin/sh\necho checking > /dev/console\nfor i in $(seq 100); do [ \"$(cat /sys/class/block/ubdc/size 2>/dev/null)\" -gt 0 ] && break; sleep 0.1; done 2>/dev/null\nsleep 0.2\nexit 0\n"
    var machine = Machine(.kernel(.squashfs), Tree.noting.with("/usr/sbin/fsck.ext4", fsck, mode: 0o755), "preroot=LABEL=data")
    machine.disks = [try await .ext4(label: "data")]
    machine.hotplug = .init(try await .ext4(label: "data"), at: "checking")
    let boot = try await machine.boot()
    expectUpper(in: boot)
    #expect(boot.store?.source == "/dev/ubdb")
    #expect(boot.remarks.contains { $0.contains("LABEL=data matches more than one device: /dev/ubdb is used, /dev/ubdc ignored") }, "\(boot.remarks)")
  }

  @Test("as it is on FAT is refused in one sentence")
  func refusesFAT() async throws {
    let disk = try await Disk.vfat()
    let checksum = try await disk.checksum
    let boot = try await Machine(keepingOn: disk).boot()
    expectFallback(in: boot, saying: "vfat")
    #expect(boot.remarks.count { $0.contains("vfat") } >= 1)
    #expect(try await disk.checksum == checksum)
  }

  @Test("as its superblock is corrupt is left as it is")
  func leavesTheCorruptAlone() async throws {
    let disk = try await Disk.ext4()
    try disk.corruptSuperblock()
    let checksum = try await disk.checksum
    let boot = try await Machine(keepingOn: disk, .noting, "preroot.format=blank").boot()
    expectFallback(in: boot, saying: "/dev/ubdb")
    #expect(try await disk.checksum == checksum, "The disk has been written to")
  }

  @Test("as the disk refuses to be written is left as it is")
  func isReadOnly() async throws {
    var disk = try await Disk.ext4()
    disk.isReadOnly = true
    expectFallback(in: try await Machine(keepingOn: disk).boot(), saying: "ead-only")
  }
}

@Suite("The check of an upper's file system")
struct UpperCheckTests {
  private static let fsck = "/usr/sbin/fsck.ext4"

  @Test("is what the kernel kills where memory is out, and the machine goes on")
  func isKilled() async throws {
    // The kernel's own word for "memory is out": whom it kills is what is asked. Memory that really runs out has a machine read its
    // programs from the disk again and again before the kernel kills anybody. See linux: Documentation/admin-guide/sysrq.rst, `f`.
    let tree = Tree.noting.with(Self.fsck, "#!/bin/sh\necho f > /proc/sysrq-trigger\nsleep 60\n", mode: 0o755)
    let boot = try await Machine(keepingOn: .ext4(), tree).boot()
    expectFallback(in: boot, saying: "fsck.ext4 was killed by signal 9")
  }

  @Test("that fails is told by what its status means and by its first line")
  func isTold() async throws {
    let usage = "#!/bin/sh\necho \"fsck.ext4: invalid option -- 'p'\"\nseq 100\necho ' -z undo_file'\nexit 16\n"
    let boot = try await Machine(keepingOn: .ext4(), Tree.noting.with(Self.fsck, usage, mode: 0o755)).boot()
    expectFallback(in: boot, saying: "fsck.ext4 exited with status 16 (usage or syntax error): fsck.ext4: invalid option -- 'p'")
    #expect(!boot.remarks.contains { $0.contains("undo_file") })
  }

  @Test("mends what can be mended", arguments: [true, false])
  func mends(isAskedFor: Bool) async throws {
    let disk = try await Disk.ext4()
    try await disk.markFaulty()
    let boot = try await Machine(keepingOn: disk, .noting, "preroot.check=\(isAskedFor ? "yes" : "no")").boot()
    expectUpper(in: boot)
    #expect(try await disk.isMarkedFaulty == !isAskedFor)
  }
}
