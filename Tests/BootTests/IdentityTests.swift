// SPDX-License-Identifier: MIT
import Bed
import Testing

/// PID 1 has read the identity from the image before the overlay is mounted.
@Suite("The machine's identity")
struct IdentityTests {
  @Test("A machine keeps one ID over three boots", arguments: UpperStory.chosen)
  func staysTheSame(lower: UpperStory.Lower, entrance: Entrance) async throws {
    let boots = try await UpperStory.told(over: lower, by: entrance).boots
    let id = try #require(boots.first?.told("id"))
    #expect(id.wholeMatch(of: /[0-9a-f]{32}/) != nil && id != String(repeating: "0", count: 32))
    #expect(boots.map(\.machineIDs) == [[id], [id], [id]])
    #expect(boots.map { $0.told("id128") } == [id, id, id])
    if lower == .valid { #expect(id == lower.rawValue.trimmed) }
  }

  @Test("The machine ID is written to the upper once the first boot is complete", arguments: UpperStory.chosen)
  func isCommitted(lower: UpperStory.Lower, entrance: Entrance) async throws {
    let story = try await UpperStory.told(over: lower, by: entrance)
    let id = story.boots.first?.told("id").map { $0 + "\n" }
    #expect(story.idsInUpper == (lower == .valid ? [nil, nil, nil] : [id, id, id]))
  }

  @Test("journalctl lists three boots of one machine", arguments: UpperStory.chosen)
  func keepsJournal(lower: UpperStory.Lower, entrance: Entrance) async throws {
    #expect(try await UpperStory.told(over: lower, by: entrance).boots.map { $0.told("listed") } == ["1", "2", "3"])
  }

  @Test("A machine has one first boot if its image requests one", arguments: UpperStory.chosen)
  func hasOneFirstBoot(lower: UpperStory.Lower, entrance: Entrance) async throws {
    let boots = try await UpperStory.told(over: lower, by: entrance).boots
    let count = lower == .uninitialized ? "1" : "0"
    #expect(boots.map { $0.told("first") } == [count, count, count])
  }

  @Test("The first boot applies the presets, and later ones do not", arguments: UpperStory.chosen)
  func appliesPresets(lower: UpperStory.Lower, entrance: Entrance) async throws {
    let boots = try await UpperStory.told(over: lower, by: entrance).boots
    let first = lower == .uninitialized ? "enabled active" : "disabled inactive"
    // The script of the second boot disabled it.
    #expect(boots.map { $0.told("preset") } == [first, first, "disabled inactive"])
  }

  @Test("Each of three boots is running on its upper without a warning", arguments: UpperStory.chosen)
  func isRunning(lower: UpperStory.Lower, entrance: Entrance) async throws {
    let boots = try await UpperStory.told(over: lower, by: entrance).boots
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2, 3])
    #expect(boots.prefix(2).flatMap(\.remarks) == [])
  }

  @Test("The host name is that of the upper, unless the command line or an invalid name prevents it", arguments: UpperStory.chosen)
  func hasHostName(lower: UpperStory.Lower, entrance: Entrance) async throws {
    let boots = try await UpperStory.told(over: lower, by: entrance).boots
    #expect(boots.prefix(2).map { $0.told("host") } == ["image", lower == .valid ? "word" : "kept"])
    // systemd itself takes its own default for an invalid name, and says so.
    guard entrance == .stageOne else { return }
    #expect(boots.last?.told("host") == "image")
    let remarks = boots.last?.remarks ?? []
    #expect(remarks.count == 1 && remarks[0].contains("/etc/hostname"), "\(remarks)")
  }

  @Test("A power cut in the first boot makes the next boot the first again")
  func isNotCommittedEarly() async throws {
    let disk = try await Disk.ext4()
    var machine = Machine(keepingOn: disk, UpperStory.tree(over: .uninitialized))
    machine.powerCut = "First boot"
    _ = try await machine.bootUntilPowerCut()
    #expect(try await ["uninitialized", ""].contains(disk.text(of: "/upper/etc/machine-id")?.trimmed ?? ""))
    machine.powerCut = nil
    let boot = try await machine.boot()
    expectUpper(in: boot)
    #expect(boot.told("first") == "2")
    #expect(boot.machineIDs.count == 1)
    #expect(boot.told("preset") == "enabled active")
    #expect(try await disk.text(of: "/upper/etc/machine-id")?.trimmed == boot.told("id"))
  }

  @Test("A machine has one ID on a tmpfs, too", arguments: Entrance.eachChosen(Leg.each, [UpperStory.Lower.empty, .uninitialized]))
  func isOneOnTmpfs(leg: Leg, lower: UpperStory.Lower, entrance: Entrance) async throws {
    let boot = try await Machine(leg, UpperStory.tree(over: lower), "preroot=tmpfs").by(entrance).boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.machineIDs.count == 1)
    #expect(boot.told("id128") == boot.told("id"))
    // On a tmpfs every boot is a first boot.
    #expect(boot.told("first") == (lower == .uninitialized ? "1" : "0"))
    #expect(boot.told("preset") == (lower == .uninitialized ? "enabled active" : "disabled inactive"))
  }
}

@Suite("Invalid identities")
struct BadIdentityTests {
  @Test("An image without /etc/machine-id gets a lasting ID and one warning")
  func isMissing() async throws {
    let tree = UpperStory.tree(over: .empty).without("/etc/machine-id")
    let boots = try await Machine(keepingOn: .ext4(), tree).boots(2)
    for boot in boots {
      #expect(boot.state == "running")
      #expect(boot.store?.fileSystem == "ext4")
      #expect(boot.machineIDs.count == 1, "\(boot.machineIDs)")
    }
    #expect(boots.first?.remarks.count { $0.contains("/etc/machine-id") } == 1)
    #expect(boots.first?.told("id") == boots.last?.told("id"))
  }

  @Test("An upper with an invalid /etc/machine-id gets an ID and one warning")
  func isJunk() async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(keepingOn: disk, UpperStory.tree(over: .empty))
    _ = try await machine.boot()
    try await disk.write("no such machine\n", to: "/upper/etc/machine-id")
    let boot = try await machine.boot()
    expectUpper(in: boot)
    #expect(boot.machineIDs.count == 1, "\(boot.machineIDs)")
    #expect(boot.told("id")?.count == 32)
    #expect(boot.remarks.count { $0.contains("/etc/machine-id") } == 1)
  }

  @Test("An image with /etc/initrd-release is left alone, and one line says why")
  func isAnInitrd() async throws {
    let tree = Tree.lean.with("/etc/initrd-release", "ID=initrd\n").withWaitingShells
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    // The machine is not an initrd, and ends in an emergency without preroot, too.
    #expect(boot.failedUnits == ["sysroot.mount"])
    #expect(boot.mounts["/"]?.fileSystem == "squashfs")
    #expect(boot.unitsBegun.filter { $0.hasPrefix("overlay-prep.") || $0.hasPrefix("preroot") } == [])
    #expect(boot.file("dmesg")?.split(separator: "\n").count { $0.contains("preroot-generator") && $0.contains("/etc/initrd-release") } == 1)
  }
}

@Suite("preroot.switch=")
struct SwitchTests {
  @Test("preroot.switch= reaches the target in one startup by reload and by re-execution", arguments: Leg.each, ["reload", "reexec"])
  func reachesTarget(leg: Leg, way: String) async throws {
    let boot = try await Machine(leg, .lean, "preroot=tmpfs", "preroot.switch=\(way)").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsStopped == [])
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.consoleFailures == [])
    let lines = boot.journal.entries(of: "overlay-prep.service").filter { $0["PREROOT_STEP"] == way }
    #expect(lines.count == 1 && lines[0].message.contains("preroot.switch="), "\(lines)")
  }
}
