// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// These tests cut the power of a machine that has its upper on emulated NAND flash. Each page and each erasure is recorded, and the machine
/// boots on what there was after some of them.
///
/// `PREROOT_STATES=40 swift test --filter FlashTests` is the long form: ten of them boot in each test case.
@Suite("An upper on NAND flash")
struct FlashTests {
  enum Work: String, CaseIterable, Sendable { case firstUse = "first use", reset }

  private static func tree(_ type: String) async throws -> Tree {
    try await Tree.lean.withNand(ubi: type == "ubifs").running("""
      exec 2>&1
      echo "login=$(cat /run/motd.d/preroot 2> /dev/null)"
      echo "old=$(ls /var/lib/old 2> /dev/null | wc -l)"
      written=$(cat /var/lib/written/* 2> /dev/null | wc -l)
      echo "written=$written"
      case " $(< /proc/cmdline) " in *" bed.fill "*) mkdir -p /var/lib/old; for i in {1..40}; do echo old > /var/lib/old/$i; done ;; esac
      case " $(< /proc/cmdline) " in *" bed.write "*) ;; *) exit ;; esac
      \(Recording.writes)
      """)
  }

  private static func machine(_ type: String, _ disk: Disk, _ words: String...) async throws -> Machine {
    var machine = Machine(keepingOn: disk, try await tree(type), "preroot=\(type == "ubifs" ? "ubi0:data" : "mtd:mtd1")", "preroot.format=blank")
    machine.words += words
    return machine
  }

  /// The bed makes the UBI volume before the helper runs. After a power cut in that, UBI may find both copies of its volume table torn.
  private static func makeVolume(_ type: String, on disk: Disk) async throws {
    var empty = try await machine(type, disk)
    empty.words = ["preroot=tmpfs"]
    _ = try await empty.boot()
  }

  @Test("A UBIFS whose creation lost its power is created again, and only with preroot.format=blank")
  func createsAnew() async throws {
    let empty = try await Disk.nand()
    try await Self.makeVolume("ubifs", on: empty)
    let unfinished = try #require(try await cutPower(in: "creation of a UBIFS", on: empty, count: 2 * Self.count))
    let other = try await unfinished.copy()
    expectFallback(in: try await Self.machine("ubifs", other, "preroot.format=no").boot(), saying: "ubi0:data is blank; preroot.format=blank creates a file system on it")
    let again = try await cutPower(in: "emptying of its volume", on: unfinished, count: Self.count)
    for disk in [empty, unfinished, other] + (again.map { [$0] } ?? []) { try FileManager.default.removeItem(atPath: disk.path.string) }
  }

  /// Records a boot, and boots after power cuts in its first writes.
  ///
  /// - Returns: a copy of the first disk on which the UBIFS was unfinished, before the boot.
  private func cutPower(in what: String, on disk: Disk, count: Int) async throws -> Disk? {
    let base = try await disk.copy()
    let (boot, recording) = try await Self.machine("ubifs", disk, "bed.write").bootRecording()
    expectUpper("ubifs", in: boot)
    let seed = UInt64.random(in: 0...UInt64(UInt32.max))
    // The kernel creates a UBIFS in some thirty writes.
    let states = recording.prefixes(count: count, ofFirst: 60, seed: seed)
    var first: Disk?
    var unfinished = 0
    try await recording.replay(states, over: base) { state, disk in
      let untouched = try await disk.copy()
      let next = try await Self.machine("ubifs", disk).boot()
      expectUpper("ubifs", in: next)
      if next.store?.fileSystem != "ubifs" { Issue.record("\(what), seed \(seed), \(state)") }
      let isUnfinished = next.journal.entries.contains { $0.message.contains("had an unfinished ubifs") }
      if isUnfinished { unfinished += 1 }
      if isUnfinished, first == nil { first = untouched } else { try FileManager.default.removeItem(atPath: untouched.path.string) }
    }
    print("power cuts in the \(what): \(states.count) cuts booted, \(unfinished) unfinished, seed \(seed)")
    try FileManager.default.removeItem(atPath: base.path.string)
    return first
  }

  private static let count = (ProcessInfo.processInfo.environment["PREROOT_STATES"].flatMap { Int($0) } ?? 8) / 4

  @Test("A power cut on flash loses no synced file, and the next boot succeeds", arguments: ["ubifs", "jffs2"], Work.allCases)
  func survives(type: String, work: Work) async throws {
    let disk = try await Disk.nand()
    if work == .reset {
      expectUpper(type, in: try await Self.machine(type, disk, "bed.fill").boot())
    } else {
      try await Self.makeVolume(type, on: disk)
    }
    let base = try await disk.copy()
    let (boot, recording) = try await Self.machine(type, disk, "bed.write", work == .reset ? "preroot.reset" : "").bootRecording()
    expectUpper(type, in: boot)
    #expect(recording.notes().count == 9, "\(boot.script?.output ?? "")")

    let seed = UInt64.random(in: 0...UInt64(UInt32.max))
    let states = recording.prefixes(count: Self.count, seed: seed)
    var synced = 0, bad = 0
    try await recording.replay(states, over: base) { state, disk in
      let notes = recording.notes(before: state.cut).compactMap { Int($0) }
      synced += notes.count
      do {
        // Always by stage 1: overlay-prep.service loads the emulated NAND, and as PID 1 the helper would wait for it in vain.
        let next = try await Self.machine(type, disk).boot()
        expectUpper(type, in: next)
        let written = next.told("written").flatMap { Int($0) } ?? -1
        // Nothing of the old upper where the reset was at its end.
        let old = next.told("old")
        if next.state != "running" || written < notes.count || work == .reset && old != "0" && (old != "40" || !notes.isEmpty) {
          bad += 1
          Issue.record("\(type), \(work.rawValue), seed \(seed), \(state): \(next.state), \(written) of \(notes.count) files, \(old ?? "?") old ones")
        }
      } catch {
        bad += 1
        Issue.record("\(type), \(work.rawValue), seed \(seed), \(state): \(error)")
      }
    }
    print("power cuts on NAND, \(type), \(work.rawValue): \(recording.writeCount) writes, \(states.count) cuts booted, \(synced) files synced before them, \(bad) with faults, seed \(seed)")
    for disk in [disk, base] { try FileManager.default.removeItem(atPath: disk.path.string) }
  }
}
