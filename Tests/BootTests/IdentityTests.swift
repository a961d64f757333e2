// SPDX-License-Identifier: MIT
import Bed
import Testing

/// What PID 1 has read from the image before the overlay was there.
@Suite("Who the machine is")
struct IdentityTests {
  @Test("is one and the same from the first boot on", arguments: UpperStory.Lower.allCases)
  func staysTheSame(lower: UpperStory.Lower) async throws {
    let boots = try await UpperStory.told(over: lower).boots
    let id = try #require(boots.first?.told("id"))
    #expect(id.wholeMatch(of: /[0-9a-f]{32}/) != nil && id != String(repeating: "0", count: 32))
    #expect(boots.map(\.machineIDs) == [[id], [id], [id]])
    #expect(boots.map { $0.told("id128") } == [id, id, id])
    if lower == .valid { #expect(id == lower.rawValue.trimmed) }
  }

  @Test("is written into the upper once the first boot is complete", arguments: UpperStory.Lower.allCases)
  func isCommitted(lower: UpperStory.Lower) async throws {
    let story = try await UpperStory.told(over: lower)
    let id = story.boots.first?.told("id").map { $0 + "\n" }
    #expect(story.idsInUpper == (lower == .valid ? [nil, nil, nil] : [id, id, id]))
  }

  @Test("keeps the journal together: three boots are three", arguments: UpperStory.Lower.allCases)
  func keepsJournal(lower: UpperStory.Lower) async throws {
    #expect(try await UpperStory.told(over: lower).boots.map { $0.told("listed") } == ["1", "2", "3"])
  }

  @Test("is settled by one first boot, where the image asks for one", arguments: UpperStory.Lower.allCases)
  func hasOneFirstBoot(lower: UpperStory.Lower) async throws {
    let boots = try await UpperStory.told(over: lower).boots
    let count = lower == .uninitialized ? "1" : "0"
    #expect(boots.map { $0.told("first") } == [count, count, count])
  }

  @Test("brings the presets, once", arguments: UpperStory.Lower.allCases)
  func appliesPresets(lower: UpperStory.Lower) async throws {
    let boots = try await UpperStory.told(over: lower).boots
    let first = lower == .uninitialized ? "enabled active" : "disabled inactive"
    // In the second boot it was disabled by hand.
    #expect(boots.map { $0.told("preset") } == [first, first, "disabled inactive"])
  }

  @Test("is running in each of the boots, on its upper, without a remark", arguments: UpperStory.Lower.allCases)
  func isRunning(lower: UpperStory.Lower) async throws {
    let boots = try await UpperStory.told(over: lower).boots
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2, 3])
    #expect(boots.prefix(2).flatMap(\.remarks) == [])
  }

  @Test("has the host name that was written, unless a word or junk says otherwise", arguments: UpperStory.Lower.allCases)
  func hasHostName(lower: UpperStory.Lower) async throws {
    let boots = try await UpperStory.told(over: lower).boots
    #expect(boots.map { $0.told("host") } == ["image", lower == .valid ? "word" : "kept", "image"])
    let remarks = boots.last?.remarks ?? []
    #expect(remarks.count == 1 && remarks[0].contains("/etc/hostname"), "\(remarks)")
  }

  @Test("is open until the first boot is complete: after a power cut the next one is the first")
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

  @Test("is one on a tmpfs as well", arguments: Leg.each, [UpperStory.Lower.empty, .uninitialized])
  func isOneOnTmpfs(leg: Leg, lower: UpperStory.Lower) async throws {
    let boot = try await Machine(leg, UpperStory.tree(over: lower), "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.machineIDs.count == 1)
    #expect(boot.told("id128") == boot.told("id"))
    // Every boot is a first one.
    #expect(boot.told("first") == (lower == .uninitialized ? "1" : "0"))
    #expect(boot.told("preset") == (lower == .uninitialized ? "enabled active" : "disabled inactive"))
  }
}

@Suite("What makes it hard to say who the machine is")
struct BadIdentityTests {
  @Test("a missing /etc/machine-id: it gets an ID, and one line says so")
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

  @Test("junk in the upper's /etc/machine-id: it gets an ID, and one line says so")
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

  @Test("/etc/initrd-release in the image: it is left alone, and one line says why")
  func isAnInitrd() async throws {
    let tree = Tree.lean.with("/etc/initrd-release", "ID=initrd\n").withWaitingShells
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    // It is none, and ends in an emergency without preroot, too.
    #expect(boot.failedUnits == ["sysroot.mount"])
    #expect(boot.mounts["/"]?.fileSystem == "squashfs")
    #expect(boot.unitsBegun.filter { $0.hasPrefix("overlay-prep.") || $0.hasPrefix("preroot") } == [])
    #expect(boot.file("dmesg")?.split(separator: "\n").count { $0.contains("preroot-generator") && $0.contains("/etc/initrd-release") } == 1)
  }
}

@Suite("preroot.switch")
struct SwitchTests {
  @Test("leads to the target in one startup, by either way", arguments: Leg.each, ["reload", "reexec"])
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
