// SPDX-License-Identifier: MIT
import CWitness
import CoreSupport
import Foundation
import Glibc
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

private let store = Paths.store.string

/// Everything that the helper does on the upper's file system before it mounts the overlay.
private struct StoreBoot {
  var settings: Settings
  var release: String
  var isCounted = true
  var isReset = false
  /// Changes the order of the layer plan's steps; see `SyncTests`.
  var steps: ([Step]) -> [Step] = { $0 }

  init(_ release: String, onLowerChange: LowerChange = .warn) {
    self.release = release
    settings = Settings()
    settings.upper = .device(DeviceName(.path, "/dev/vdb"))
    settings.directory = "/layers"
    settings.binds = ["/srv"]
    settings.onLowerChange = onLowerChange
  }

  var lower: LowerIdentity { LowerIdentity(type: "squashfs", superblock: "", rootHash: "", imageVersion: Text(utf8: release))! }

  /// The real kernel, which also tells the recorder about each step.
  private struct RecordedKernel: Kernel, ~Copyable {
    var kernel = LinuxKernel()
    let recorder: DiskRecorder?
    var microseconds: Int64 { kernel.microseconds }

    mutating func perform(_ step: Step) throws(Errno) {
      recorder?.begin("\(step.verb)" + ([.writeDurably, .removeDurably].contains(step.verb) ? " \(step.path.fileName.string)" : ""))
      try kernel.perform(step)
    }
  }

  /// - Returns: the facts before the boot, and the failures.
  func run(_ recorder: DiskRecorder? = nil) -> (facts: StoreFacts, faults: [String]) {
    let directory = settings.layersDirectory(over: lower)
    let facts = StoreFacts(in: directory, over: lower)
    let use = UpperUse(facts, settings, isReset: isReset, isCounted: isCounted)
    var plan = steps(LayerPlan(facts, use, settings, isCounted: isCounted).steps)
    if case .leftOut = use {} else {
      let root = MountInfo(parsing: "1 0 0:1 / / ro - squashfs none ro\n")
      plan += OverlayPlan(settings, in: directory, over: root, machineID: RunningID("0123456789abcdef0123456789abcdef")).steps
        .filter { [.makeDirectory, .makeStoreDirectory, .seed].contains($0.verb) && $0.path.hasPrefix(Paths.store) }
    }
    var kernel = RecordedKernel(recorder: recorder)
    var memory = Memory()
    let execution = plan.execute(on: &kernel, before: &memory)
    recorder?.begin("")
    let said = (facts.remarks + kernel.kernel.remarks).filter { [.error, .warning].contains($0.priority) }.map(\.text.string)
    return (facts, (execution.failure == nil ? [] : ["the plan failed"]) + memory.failures + said)
  }
}

/// The work during which the power fails, and the allowed states afterwards.
private enum Work: String, CaseIterable, Sendable {
  case firstUse = "first use", keep, reset, resetAgain = "reset that was cut", resetOnce = "reset by a word", lowerChange = "lower change", warned = "lower change that is told", rescue, scope
  case leftOut = "left out", leftOutFull = "left out and full", reached, mark, unmark, commit

  /// Prepares an empty file system.
  func prepare() throws {
    guard self != .firstUse, self != .scope else { return }
    let layers = store + "/layers"
    if self == .rescue { return try make(files: 20, in: layers + "/bind/srv", "served\n") }
    try make(files: 12, in: layers + (self == .resetAgain ? "/resetting" : "/upper") + "/var/lib/old", "old\n")
    try make(files: 6, in: layers + (self == .resetAgain ? "/resetting" : "/upper") + "/home/user/kept", "kept\n")
    try make(files: 6, in: layers + "/bind/srv", "served\n")
    try make(layers + "/lower.id", "squashfs 1\n")
    chmod(layers + (self == .resetAgain ? "/resetting" : "/upper"), 0o700)
    for (directory, mode) in [("home", 0o711), ("home/user", 0o700)] as [(String, mode_t)] { chmod(layers + (self == .resetAgain ? "/resetting/" : "/upper/") + directory, mode) }
    mkdir(layers + "/work", 0o700)
    if isLeftOut || self == .reached { try make(layers + "/attempts", "3\n") }
    // This directory prevents the write, as a full file system would.
    if self == .leftOutFull { try make(layers + "/attempts.preroot/file", "") }
    if self == .reset || self == .resetAgain || self == .unmark { try make(layers + "/reset", "/home/user/kept\n") }
    if self == .commit {
      try make(files: 12, in: layers + "/commit.1/var/lib/old", "new\n")
      try make(files: 6, in: layers + "/commit.1/home/user/kept", "kept\n")
      for (directory, mode) in [("", 0o700), ("/home", 0o711), ("/home/user", 0o700)] as [(String, mode_t)] { chmod(layers + "/commit.1" + directory, mode) }
      try make(layers + "/attempts", "2\n")
    }
    if self == .reset { try make(files: 3, in: layers + "/trash/var", "of a reset before\n") }
  }

  private var isLeftOut: Bool { self == .leftOut || self == .leftOutFull }

  func boot() -> StoreBoot {
    var boot = StoreBoot(self == .lowerChange || self == .warned ? "2" : "1", onLowerChange: self == .lowerChange ? .reset : .warn)
    boot.isCounted = self != .rescue && self != .warned
    boot.isReset = self == .resetOnce
    if self == .scope {
      boot.settings.scope = .directories(["/etc/deep"])
      boot.settings.binds = []
    }
    return boot
  }

  /// Does the work, and then writes files as a user of the running machine would.
  func run(_ boot: StoreBoot, _ recorder: DiskRecorder) throws -> [String] {
    let layers = Text(utf8: store + "/layers")
    switch self {
    case .reached, .unmark:
      recorder.begin(self == .reached ? "preroot-settle.service" : "preroot reset --cancel")
      do throws(Errno) { try here().removeDurably(layers.asRelative + (self == .reached ? "/attempts" : "/reset")) } catch { return [error.text.string] }
      recorder.promise("done")
      return []
    case .mark:
      recorder.begin("preroot reset")
      do throws(Errno) { try here().replaceDurably(layers.asRelative + "/reset", contents: "/home/user/kept\n") } catch { return [error.text.string] }
      recorder.promise("done")
      return []
    default: break
    }
    let faults = boot.run(recorder).faults.filter { self != .leftOutFull || !$0.hasPrefix("Cannot write ") }
    recorder.promise("booted")
    if isLeftOut { return faults }
    for place in written {
      let directory = layers + "/" + Text(utf8: place)
      mkdir(directory.string, 0o755)
      recorder.begin("the user")
      do throws(Errno) {
        try here().create(directory + "/mine", contents: "mine\n")
        // These are all paths that a user of the overlay can reach.
        for path in [directory + "/mine", directory] + (place == "upper/written" ? [directory.directory] : []) { try here().sync(path) }
      } catch { return [error.text.string] }
      recorder.promise("written to \(place)")
    }
    return faults
  }

  /// The directories in which the user writes. preroot, not the user, creates those of an overlay or a bind.
  private var written: [String] { self == .scope ? ["upper/etc/deep"] : ["upper/written", "bind/srv"] }

  /// Boots once more on a state, and returns everything that is wrong then.
  func faults(in state: WeakDisk.State) throws -> [String] {
    var (facts, faults) = (StoreFacts(in: ""), [String]())
    var next = boot()
    next.isCounted = true
    next.isReset = false
    (facts, faults) = next.run()
    if self == .leftOutFull { faults = faults.filter { !$0.hasPrefix("Cannot write ") } }
    let layers = store + "/layers"
    func count(_ directory: String, _ contents: String) -> Int {
      here().names(in: Text(utf8: "\(layers)/\(directory)")).filter { (try? here().read(Text(utf8: "\(layers)/\(directory)/") + $0))?.string == contents }.count
    }
    func expect(_ isRight: Bool, _ fault: String) { if !isRight { faults.append(fault) } }
    let isPromised = state.promises.contains("booted") || state.promises.contains("done")

    let old = count("upper/var/lib/old", "old\n"), kept = count("upper/home/user/kept", "kept\n")
    switch self {
    case .firstUse, .rescue, .scope: break
    case .keep, .warned, .leftOut, .leftOutFull, .reached: expect(old == 12 && kept == 6, "\(old) of 12 old files, \(kept) of 6 others")
    case .reset, .resetAgain: expect(old == 0 && kept == 6, "\(old) old files, \(kept) of 6 that are to be kept")
    // The next boot does not request the reset again.
    case .resetOnce: expect(old == 0 && kept == 0 || old == 12 && kept == 6 && !isPromised, "\(old) of 12 old files, \(kept) of 6 others")
    case .commit:
      let new = count("upper/var/lib/old", "new\n")
      expect(new == 12 && kept == 6, "\(new) of 12 committed files, \(kept) of 6 others")
      expect(!facts.commits.isEmpty || facts.attempts == 1, "the boot with the commit is not counted")
    case .lowerChange: expect(old == 0 && kept == 0, "\(old) old files")
    case .mark, .unmark:
      let isReset = facts.mark != nil
      if isPromised { expect(isReset == (self == .mark), "the next boot does\(isReset ? "" : " not") reset the upper") }
      expect(old == (isReset ? 0 : 12) && kept == 6, "\(old) old files, \(kept) of 6 that are to be kept")
    }
    expect(count("bind/srv", "served\n") == (self == .scope ? 0 : self == .rescue ? 20 : 6), "bind/srv has \(count("bind/srv", "served\n")) files that are whole")
    expect(!here().exists(Text(utf8: layers + "/resetting")), "the reset is not at its end")
    for (directory, mode) in [("upper", 0o700), ("upper/etc", 0o700), ("upper/etc/deep", 0o700), ("upper/home", 0o711), ("upper/home/user", 0o700)] as [(String, mode_t)] {
      var status = stat()
      if lstat("\(layers)/\(directory)", &status) == 0 { expect(status.st_mode & 0o7777 == mode, "\(directory) has mode \(String(status.st_mode & 0o7777, radix: 8))") }
    }
    for place in written where state.promises.contains("written to \(place)") {
      expect((try? here().read(Text(utf8: "\(layers)/\(place)/mine")))?.string == "mine\n", "what was written to \(place) and synced is lost")
    }
    if isPromised {
      let attempts: Int? = switch self {
      case .reached: 0
      case .leftOut: 2
      case .leftOutFull: 0
      case .rescue, .warned, .mark, .unmark: nil
      default: 1
      }
      if let attempts { expect(facts.attempts == attempts, "\(facts.attempts) attempts, not \(attempts)") }
      if !isLeftOut { expect(facts.recorded == boot().lower.text, "lower.id says '\(facts.recorded?.string ?? "nothing")'") }
      expect(self == .mark || self == .unmark || facts.mark == nil, "the mark is there")
    }
    return faults
  }

  private func make(files count: Int, in directory: String, _ contents: String) throws {
    for number in 1...count { try make("\(directory)/\(number)", contents) }
  }

  private func make(_ path: String, _ contents: String) throws {
    for parent in Text(utf8: path).parents { mkdir(parent.string, 0o755) }
    try here().create(Text(utf8: path), contents: Text(utf8: contents))
  }
}

/// These tests are about the order in which changes reach the disk. They show that the syncs in the sources suffice for the weakest disk,
/// and that each one of them is necessary; exceptions have their reason here.
@Suite("Syncs", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct SyncTests {
  /// Runs `body` on a thread that has a new store and an image.
  private static func inStore<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await inPrivateNamespace {
      try mount("run", at: "/run", type: "tmpfs", data: "mode=755")
      for directory in [store, Paths.lower.string + "/srv", Paths.lower.string + "/etc/deep"] {
        for parent in Text(utf8: directory).parents.dropFirst() { mkdir(parent.string, 0o755) }
        mkdir(directory, 0o755)
      }
      for directory in ["", "/etc", "/etc/deep"] { chmod(Paths.lower.string + directory, 0o700) }
      return try body()
    }
  }

  private static func withStore<Result>(_ body: () throws -> Result) throws -> Result {
    try mount("store", at: store, type: "tmpfs")
    defer { umount2(store, Int32(MNT_DETACH)) }
    return try body()
  }

  private static func serve(_ work: Work) throws {
    let served = Paths.lower.string + "/srv"
    for number in 1...(work == .rescue ? 20 : 6) { try? here().create(Text(utf8: "\(served)/\(number)"), contents: "served\n") }
  }

  /// Records the writes and syncs of one work.
  private static func record(_ work: Work, steps: @escaping ([Step]) -> [Step] = { $0 }) throws -> WeakDisk {
    try serve(work)
    return try withStore {
      try work.prepare()
      let recorder = DiskRecorder(at: store)
      defer { recorder.stop() }
      var boot = work.boot()
      boot.steps = steps
      let faults = try work.run(boot, recorder)
      guard faults == [] else { throw Problem("\(work.rawValue): \(faults)") }
      return recorder.disk
    }
  }

  /// The faults of states, each of which is examined once.
  private final class Verdicts {
    private let work: Work
    private var known: [[String]: [String]] = [:]
    init(_ work: Work) { self.work = work }

    func faults(in state: WeakDisk.State) throws -> [String] {
      let key = state.promises + state.tree.listing
      if let faults = known[key] { return faults }
      let faults = try SyncTests.withStore {
        try state.tree.write(to: store)
        return try work.faults(in: state)
      }
      known[key] = faults
      return faults
    }

    /// The first fault of any of these states.
    func fault(in states: [WeakDisk.State]) throws -> String? {
      for state in states { if let fault = try faults(in: state).first { return fault } }
      return nil
    }
  }

  @Test("The syncs of the sources suffice for any order of writes", arguments: Work.allCases)
  fileprivate func isEnough(work: Work) async throws {
    let (count, syncs, bad) = try await Self.inStore {
      let disk = try Self.record(work), verdicts = Verdicts(work)
      let states = disk.states()
      let bad = try states.compactMap { state in
        let faults = try verdicts.faults(in: state)
        return faults.isEmpty ? nil : "\(state.promises.last ?? "before") \(state.tree.listing.joined(separator: ", ")): \(faults.joined(separator: "; "))"
      }
      return (states.count, disk.syncCount, bad)
    }
    print("weakest disk, \(work.rawValue): \(syncs) syncs, \(count) states, \(bad.count) with faults")
    #expect(bad.isEmpty, "\(work.rawValue): \(bad.prefix(3).joined(separator: "\n"))")
  }

  /// After a rename between two directories one sync would suffice if renames are atomic, which not all file systems promise.
  private static let pair = ["takeBack: directory 7", "takeBack: directory 8"]

  /// This drops each sync in turn, as if the sources lacked it.
  @Test("Each sync of the sources is necessary: without it a state loses something")
  func isNeeded() async throws {
    let found = try await Self.inStore {
      var found: [String: String] = [:]
      for work in Work.allCases {
        let disk = try Self.record(work), verdicts = Verdicts(work)
        for place in disk.places where !place.hasPrefix("the user") && found[place, default: ""].isEmpty {
          let fault = try verdicts.fault(in: disk.states { dropped, _ in dropped == place || Self.pair.contains(dropped) && Self.pair.contains(place) })
          found[place] = fault.map { "\(work.rawValue): \($0)" } ?? ""
        }
      }
      return found
    }
    for (place, fault) in found.sorted(by: { $0.key < $1.key }) { print("without '\(place)': \(fault.isEmpty ? "nothing" : fault)") }
    #expect(found.count >= 20)
    #expect(found.filter(\.value.isEmpty).keys.sorted() == [])
  }

  /// Steps of `LayerPlan` that come too early, before another, or too late, after it.
  private static let misplaced: [(work: Work, step: String, other: String)] = [
    (.reset, "remove reset", "set aside upper"), (.reset, "remove reset", "take back"), (.reset, "delete resetting", "take back"),
    (.reset, "take back", "set aside upper"), (.reset, "set aside resetting", "take back"), (.resetAgain, "remove reset", "take back"),
    (.resetAgain, "delete resetting", "take back"), (.resetAgain, "set aside resetting", "take back"),
    (.lowerChange, "write lower.id", "set aside upper"), (.leftOut, "write attempts", "remove attempts"), (.firstUse, "write lower.id", "make directory"),
    (.commit, "write attempts", "set aside commit.1"), (.commit, "set aside commit.1", "set aside upper"),
  ]

  @Test("The order of the layer plan is necessary: a step out of place loses something", arguments: misplaced.indices)
  func isInOrder(number: Int) async throws {
    let (work, step, other) = Self.misplaced[number]
    let fault: String? = try await Self.inStore {
      do {
        return try Verdicts(work).fault(in: Self.record(work) { steps in
          func place(_ name: String) -> Int { steps.firstIndex { $0.text.string.replacingOccurrences(of: store + "/layers/", with: "").hasPrefix(name) } ?? -1 }
          let from = place(step), to = place(other)
          guard from >= 0, to >= 0 else { return [] }
          var steps = steps
          steps.insert(steps.remove(at: from), at: to)
          return steps
        }.states())
      } catch let problem as Problem { return problem.description }
    }
    print("'\(step)' moved to '\(other)', \(work.rawValue): \(fault ?? "nothing")")
    #expect(fault != nil)
  }

  // MARK: Formatting

  /// A power cut may leave any of the sectors written since the last sync.
  @Test("The syncs of formatting suffice, and each is necessary, for recognizing unfinished work")
  func isEnoughForMaking() async throws {
    let directory = try Temporary()
    let disk = try Disk(directory), path = disk.path
    let device = try await inPrivateNamespace {
      let recorder = SectorRecorder(path)
      defer { recorder.stop() }
      do throws(Errno) {
        guard try BlockDevice.format(Text(utf8: path), type: "ext4", label: "", limitMicroseconds: 60_000_000).isSuccess else { throw .inputOutput }
      } catch { throw Problem(error.text.string) }
      recorder.promise()
      return recorder.events
    }
    func fault(without dropped: Int?) throws -> String? {
      var durable = Data(count: 16 * Disk.megabyte), pending: [(Int, Data)] = [], isMade = false, syncs = 0
      func apply(_ sectors: [(Int, Data)], to data: inout Data) { for (place, bytes) in sectors { data.replaceSubrange(place..<place + bytes.count, with: bytes) } }
      for event in device {
        switch event {
        case .write(let sectors): pending += sectors
        case .sync:
          if syncs != dropped {
            apply(pending, to: &durable)
            pending = []
          }
          syncs += 1
        case .made: isMade = true
        }
        for number in 0..<(pending.isEmpty ? 1 : 14) {
          var data = durable
          // This includes only the last write, and all writes except the last.
          apply(number == 0 ? pending : number == 1 ? pending.suffix(8) : number == 2 ? pending.dropLast(8) : pending.filter { _ in Bool.random() }, to: &data)
          try disk.fill(data)
          switch try disk.probe {
          case .blank where !isMade, .unfinished where !isMade: break
          case .signature:
            if !(try Program.run(["e2fsck", "-fn", disk.text], limitMicroseconds: 60_000_000).isSuccess) { return "half a file system counts as a whole one" }
          case let probe: return "\(isMade ? "made" : "in the making"), and it is \(probe)"
          }
        }
      }
      return nil
    }
    #expect(device.count { if case .sync = $0 { true } else { false } } == 3)
    #expect(try fault(without: nil) == nil)
    for (number, name) in ["the marker", "what mkfs has made", "the marker's removal"].enumerated() {
      let fault = try fault(without: number)
      print("without a sync of \(name): \(fault ?? "nothing")")
      #expect(fault != nil, "\(name) need not be synced")
    }
  }
}

/// Records the writes of the calling thread and its programs to a file that stands in for a disk.
private final class SectorRecorder {
  enum Event: Sendable { case write([(Int, Data)]), sync, made }

  private(set) var events: [Event] = []
  private let path: String
  private var last: Data

  init(_ path: String) {
    self.path = path
    last = (try? Data(contentsOf: URL(filePath: path))) ?? Data()
    witness_thread({ context, call, _, isBefore in
      let recorder = Unmanaged<SectorRecorder>.fromOpaque(context!).takeUnretainedValue()
      recorder.look()
      if isBefore == 0, call == WITNESS_FSYNC { recorder.events.append(.sync) }
    }, Unmanaged.passUnretained(self).toOpaque())
  }

  func stop() { witness_thread(nil, nil) }
  deinit { stop() }

  func promise() {
    look()
    events.append(.made)
  }

  private func look() {
    let now = (try? Data(contentsOf: URL(filePath: path))) ?? Data()
    let changed = stride(from: 0, to: now.count, by: 512).filter { now[$0..<$0 + 512] != last[$0..<$0 + 512] }
    if !changed.isEmpty { events.append(.write(changed.map { ($0, now.subdata(in: $0..<$0 + 512)) })) }
    last = now
  }
}
