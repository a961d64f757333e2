// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// The power fails, and the disk has written its cache in any order. Every synced file is there, and preroot recognizes unfinished work.
///
/// The test examines each state with e2fsprogs and boots some. `PREROOT_STATES=2000 swift test --filter ReorderedWriteTests` tries more states.
@Suite("Reordered writes")
struct ReorderedWriteTests {
  enum Work: String, CaseIterable, Sendable {
    case firstUse = "first use", format, keep, reset, lowerChange = "lower change", luks = "LUKS", tail

    var words: [String] {
      switch self {
      case .firstUse, .keep: ["preroot.bind=/srv"]
      case .format, .tail: ["preroot.format=blank", "preroot.bind=/srv"]
      case .luks: ["preroot.format=blank", "preroot.bind=/srv", "preroot.crypt=/etc/preroot.key"]
      case .reset: ["preroot.bind=/srv"]
      case .lowerChange: ["preroot.on-lower-change=reset", "preroot.bind=/srv"]
      }
    }

    /// Whether the earlier upper has to stay.
    var keeps: Bool { self == .keep }
    /// Whether there was an earlier upper.
    var isUsed: Bool { self != .firstUse && !isBlank }
    /// Whether the disk was blank, or the room on it.
    var isBlank: Bool { self == .format || self == .luks || self == .tail }
    /// The number of states to boot. e2fsprogs cannot examine what is encrypted.
    var boots: Int { self == .luks ? max(4, ReorderedWriteTests.count / 10) : 2 }

    func disk() async throws -> Disk {
      switch self {
      case .firstUse: try await .ext4(megabytes: megabytes)
      case .format, .luks: try .blank(megabytes: megabytes)
      case .tail: try await .image(.squashfs, of: ReorderedWriteTests.tree.value, roomInMegabytes: megabytes)
      case .keep, .lowerChange: try await ReorderedWriteTests.usedDisk.value.copy()
      case .reset: try await ReorderedWriteTests.markedDisk.value.copy()
      }
    }

    /// A LUKS2 header takes 16 MiB.
    var megabytes: Int { self == .luks ? 48 : 32 }
  }

  private static let served = (1...20).map { "\($0)" }

  /// Writes files, syncs them, and notes each in the recording.
  private static let tree = Task {
    let image = served.reduce(Tree.lean.release("2")) { $0.with("/srv/\($1)", "served\n") }
    return try await CryptTests.withCryptsetup(image).recordingWrites().running("""
      exec 2>&1
      echo "earlier=$(cat /var/lib/written/* 2> /dev/null | wc -l)"
      \(Recording.writes)
      echo "written=$(cat /var/lib/written/* | wc -l)"
      """)
  }

  /// A disk with a used upper of another image.
  private static let usedDisk = Task {
    let disk = try await Disk.ext4(megabytes: Work.firstUse.megabytes)
    let first = try await tree.value.release("1").running("mkdir -p /var/lib/old /var/lib/kept; for i in {1..40}; do echo old > /var/lib/old/$i; echo kept > /var/lib/kept/$i; done")
    expectUpper(in: try await Machine(keepingOn: disk, first, "preroot.bind=/srv").boot())
    return disk
  }

  /// The same disk with a mark for a reset.
  private static let markedDisk = Task {
    let disk = try await usedDisk.value.copy()
    let boot = try await Machine(keepingOn: disk, try await tree.value.release("1").running("preroot reset --keep /var/lib/kept")).boot()
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "")")
    return disk
  }

  private static func machine(_ work: Work, _ disk: Disk, on device: String) async throws -> Machine {
    var machine = Machine(keepingOn: disk, try await tree.value, "preroot=\(work == .tail ? "tail" : device)")
    machine.words += work.words
    if work == .tail {
      machine.words += ["root=\(device)"]
      // The kernel makes it on the disk before it mounts the root, and recording begins with another table.
      if device == "/dev/dm-0" { machine.words += ["dm-mod.create=\"recorded,,,rw,0 \(try disk.bytes / 512) linear /dev/ubdb 0\""] }
    }
    return machine
  }

  /// Everything that is wrong with the disk.
  private func faults(in disk: Disk, _ work: Work, notes: [String]) async throws -> [String] {
    var faults: [String] = []
    // The file system and its end.
    var disk = disk, end = try disk.bytes
    if work == .tail {
      disk = try disk.tail
      end -= 65536
      if !notes.isEmpty, try !disk.text(at: end).hasPrefix("preroot's upper begins at byte \(disk.offset)\n") { faults.append("the record is lost") }
    }
    if work.isBlank {
      // The disk is blank, or marked as unfinished, or complete.
      if try disk.text(at: end - 4096).hasPrefix("preroot is making a file system here") { return notes.isEmpty ? [] : ["the device is unfinished, and was in use"] }
      let beginning = try disk.bytes(at: disk.offset, count: 1 << 20)
      if notes.isEmpty, beginning.allSatisfy({ $0 == 0 }) { return [] }
      if work == .luks { return beginning.starts(with: Data("LUKS".utf8)) ? [] : ["the header is lost"] }
    }
    do { try await disk.recover() } catch { return ["the file system is broken: \(error)"] }

    let old = "/upper/var/lib/old", kept = ["/upper/var/lib/kept", "/resetting/var/lib/kept"], bound = "/bind/srv"
    let written = notes.compactMap { Int($0) }.map { "/upper/var/lib/written/\($0)" }
    let (names, texts) = try await disk.look(into: ["/", old, bound] + kept, at: ["/attempts", "/lower.id"] + Self.served.map { "\(bound)/\($0)" } + written)
    func count(_ directory: String) -> Int { names[directory]?.count ?? 0 }
    let top = names["/"] ?? [], attempts = texts["/attempts"] ?? "", lower = texts["/lower.id"] ?? ""
    if top.contains("attempts"), attempts.wholeMatch(of: /\d+\n/) == nil { faults.append("attempts says '\(attempts)'") }
    if top.contains("lower.id"), !lower.hasSuffix("\n") { faults.append("lower.id says '\(lower)'") }
    if !top.contains("resetting") {
      let allowed = work.keeps ? [40] : work.isUsed ? [0, 40] : [0]
      if !allowed.contains(count(old)) { faults.append("half an upper, \(count(old)) of 40 files") }
    } else if !work.isUsed || work.keeps {
      faults.append("a reset that nobody asked for")
    }
    let keptCount = kept.map(count).reduce(0, +)
    if work == .reset, keptCount != 40 { faults.append("\(keptCount) of 40 files that are to be kept") }
    let whole = Self.served.count { texts["\(bound)/\($0)"] == "served\n" }
    if count(bound) > 0, count(bound) != Self.served.count || whole != Self.served.count {
      faults.append("bind/srv has \(count(bound)) files, of which \(whole) are whole")
    }
    if !notes.isEmpty {
      // The next boot must not remove synced files.
      let isReset = top.contains("resetting") || top.contains("reset") || (work == .lowerChange && !lower.hasSuffix(" 2\n"))
      if isReset { faults.append("the next boot would reset the upper again: \(top)") }
      let lost = written.filter { texts[$0] != "written\n" }
      if !lost.isEmpty { faults.append("files that were synced are lost: \(lost)") }
      if count(bound) == 0 { faults.append("bind/srv is lost") }
    }
    return faults
  }

  private static let count = ProcessInfo.processInfo.environment["PREROOT_STATES"].flatMap { Int($0) } ?? 60

  @Test("A power cut on a disk that reorders writes loses no synced file", arguments: Work.allCases)
  func loses(work: Work) async throws {
    let disk = try await work.disk()
    let base = try await disk.copy()
    let (boot, recording) = try await Self.machine(work, disk, on: "/dev/dm-0").bootRecording()
    expectUpper(in: boot)
    #expect(boot.told("written") == "8")
    try #require(recording.writeCount > 20 && recording.flushCount > 5 && recording.notes().count == 9, "\(boot.script?.output ?? "")")

    let seed = UInt64.random(in: 0...UInt64(UInt32.max))
    let states = try recording.states(count: Self.count, ofFileSystemAt: work == .tail ? disk.tail.offset : 0, seed: seed), distinct = Set(states)
    var bad = 0
    try await recording.replay(Array(distinct), over: base) { state, disk in
      let faults = try await faults(in: disk, work, notes: recording.notes(before: state.cut))
      if !faults.isEmpty {
        bad += 1
        Issue.record("\(work.rawValue), seed \(seed), \(state): \(faults.joined(separator: "; "))")
      }
    }
    var entrances = Entrance.allCases
    try await recording.replay((0..<work.boots).map { states[($0 * 2 + 1) * states.count / (2 * work.boots)] }, over: base) { state, disk in
      // By either entrance, and both in every run.
      let next = try await Self.machine(work, disk, on: "/dev/ubdb").by(entrances[0]).boot()
      entrances.reverse()
      expectUpper(in: next)
      #expect(next.told("written") == "8", "\(work.rawValue), seed \(seed), \(state)")
      let synced = recording.notes(before: state.cut).count { Int($0) != nil }, earlier = next.told("earlier").flatMap { Int($0) } ?? 0
      #expect(earlier >= synced, "\(work.rawValue), seed \(seed), \(state): \(synced) files were synced, \(earlier) are there")
    }
    print("reordered writes, \(work.rawValue): \(recording.writeCount) writes, \(recording.flushCount) flushes, \(states.count) states, \(distinct.count) of them distinct, \(bad) with faults, \(work.boots) booted, seed \(seed)")
    for disk in [disk, base] { try FileManager.default.removeItem(atPath: disk.path.string) }
  }
}

extension Disk {
  fileprivate var bytes: Int { get throws { try #require(try FileManager.default.attributesOfItem(atPath: path.string)[.size] as? Int) } }

  fileprivate func bytes(at place: Int, count: Int) throws -> Data {
    let file = try #require(FileHandle(forReadingAtPath: path.string))
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(place))
    return try file.read(upToCount: count) ?? Data()
  }

  fileprivate func text(at place: Int) throws -> String { String(decoding: try bytes(at: place, count: 64), as: UTF8.self) }
}
