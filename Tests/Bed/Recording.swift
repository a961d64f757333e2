// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The writes of a machine to a disk, in order, and the flushes of the disk's cache among them.
///
/// A disk may reorder writes between two flushes. So a power cut leaves all writes before the last flush, and any of the writes after it.
public struct Recording: Sendable {
  enum Event: Sendable {
    /// - Parameter isForced: whether the disk wrote it through its cache (FUA).
    case write(place: Int, data: Data, isForced: Bool)
    case flush
    case note(String)
  }

  let events: [Event]

  /// A script that writes eight files in /var/lib/written, syncs each, and then notes it; before that it notes that it has begun.
  public static let writes = """
    note() { /usr/lib/bed/note mark "$1"; }
    note begun
    mkdir -p /var/lib/written && sync /var/lib
    for i in {1..8}; do
      echo written > /var/lib/written/$i
      sync /var/lib/written/$i /var/lib/written
      note "$i"
    done
    """

  /// Reads the log of a dm-log-writes device. See Documentation/admin-guide/device-mapper/log-writes.rst and drivers/md/dm-log-writes.c.
  init(log disk: Disk) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: disk.path.string), options: .alwaysMapped)
    func number(_ place: Int, _ length: Int = 8) -> Int { data[place..<place + length].reversed().reduce(0) { $0 << 8 | Int($1) } }
    guard data.count > 512, number(0) == 0x6a_7366_7773_6872 else { throw Problem("There is no log of writes on \(disk.path)") }
    let sector = number(24, 4)
    var place = sector
    var events: [Event] = []
    for _ in 0..<number(16) {
      let target = number(place), count = number(place + 8), flags = number(place + 16), length = number(place + 24)
      if flags & 1 != 0 { events.append(.flush) }
      if flags & 8 != 0 {
        events.append(.note(String(decoding: data[(place + 32)..<(place + 32 + length)].prefix { $0 != 0 }, as: UTF8.self)))
      } else if flags & 4 == 0, count > 0 {
        events.append(.write(place: target * sector, data: data[(place + sector)..<(place + sector * (1 + count))], isForced: flags & 2 != 0))
        place += sector * count
      }
      place += sector
    }
    self.events = events
  }

  /// A possible state of a disk after a power cut.
  public struct State: Hashable, Sendable, CustomStringConvertible {
    /// The number of events before the cut.
    public let cut: Int
    /// The disk has all writes before this event.
    let flushed: Int
    /// The other events whose writes the disk has, in order.
    let written: [Int]
    /// The number of bytes of the last of these writes if it is torn.
    var rest: Int?

    public var description: String { "cut after \(cut) events, the last flush after \(flushed), then \(written)\(rest.map { ", \($0) bytes of the last" } ?? "")" }
  }

  /// Some possible states after a power cut, spread over the recording. The same seed gives the same states.
  ///
  /// - Parameter offset: the place of the file system.
  public func states(count: Int, ofFileSystemAt offset: Int = 0, seed: UInt64) -> [State] {
    var random = SplitMix64(seed: seed)
    let writes = events.indices.filter { if case .write = events[$0] { true } else { false } }
    guard !writes.isEmpty else { return [] }
    return (0..<count).map { number in
      let cut = writes[number * writes.count / count] + 1
      let flushed = events[..<cut].lastIndex { if case .flush = $0 { true } else { false } } ?? 0
      let pending = (flushed..<cut).filter { if case .write = events[$0] { true } else { false } }
      let forced = pending.filter { if case .write(_, _, true) = events[$0] { true } else { false } }
      func state(_ written: [Int]) -> State { State(cut: cut, flushed: flushed, written: Set(written + forced).sorted()) }
      switch number % 6 {
      // All writes or none.
      case 0: return state(pending)
      case 1: return state([])
      // All writes except one, or one.
      case 2:
        let missing = pending.randomElement(using: &random)
        return state(pending.filter { $0 != missing })
      case 3: return state(pending.randomElement(using: &random).map { [$0] } ?? [])
      case 4: return state(pending.filter { _ in Bool.random(using: &random) })
      // A torn last write.
      default:
        var torn = state(pending)
        if case .write(let place, let data, false) = events[cut - 1], data.count > 512 {
          let rest = 512 * Int.random(in: 1..<data.count / 512, using: &random)
          // ext4 relies on disks that write its superblock as a whole: it is not in the journal.
          if place + rest != offset + 1024 + 512 { torn.rest = rest }
        }
        return torn
      }
    }
  }

  /// Creates the disks of some states in succession, in the order of the recording.
  ///
  /// - Parameter base: the disk before the recording.
  public func replay(_ states: [State], over base: Disk, _ look: (State, Disk) async throws -> Void) async throws {
    let durable = try await base.copy()
    var done = 0
    for state in states.sorted(by: { $0.flushed < $1.flushed }) {
      try durable.apply(events[done..<state.flushed])
      done = state.flushed
      let copy = try await durable.copy()
      try copy.apply(state.written.map { events[$0] }, rest: state.rest)
      try await look(state, copy)
      try FileManager.default.removeItem(atPath: copy.path.string)
    }
    try FileManager.default.removeItem(atPath: durable.path.string)
  }

  /// The machine's notes before an event.
  public func notes(before event: Int? = nil) -> [String] {
    events[..<(event ?? events.count)].compactMap { if case .note(let text) = $0 { text } else { nil } }
  }

  public var writeCount: Int { events.count { if case .write = $0 { true } else { false } } }
  public var flushCount: Int { events.count { if case .flush = $0 { true } else { false } } }
}

extension Disk {
  /// - Parameter rest: the number of bytes of the last write, if it is torn.
  fileprivate func apply(_ events: some Collection<Recording.Event>, rest: Int? = nil) throws {
    let file = try FileDescriptor.open(path, .writeOnly)
    defer { try? file.close() }
    for (number, event) in events.enumerated() {
      guard case .write(let place, let data, _) = event else { continue }
      try file.writeAll(toAbsoluteOffset: Int64(place), number == events.count - 1 && rest != nil ? data.prefix(rest!) : data)
    }
  }
}

extension Machine {
  /// Boots a machine whose tree records writes (``Tree/recordingWrites()``). /dev/dm-0 is its first disk, with a recording of all writes
  /// on the second disk.
  ///
  /// - Throws: the errors of ``boot(until:)``, and ``Problem`` if there is no recording.
  public func bootRecording() async throws -> (boot: Boot, recording: Recording) {
    var machine = self
    let log = try Disk.blank(megabytes: 256)
    machine.disks.insert(log, at: 1)
    let boot = try await machine.boot()
    defer { try? FileManager.default.removeItem(atPath: log.path.string) }
    return (boot, try Recording(log: log))
  }
}

extension Recording {
  /// States of flash memory, which does one thing after the other: all that was written before the cut, the last of it torn in every third one.
  /// They are spread over the recording, or over its first writes.
  public func prefixes(count: Int, ofFirst first: Int = .max, seed: UInt64) -> [State] {
    var random = SplitMix64(seed: seed)
    let writes = events.indices.filter { if case .write = events[$0] { true } else { false } }.prefix(first)
    return (0..<min(count, writes.count)).map { number in
      let cut = writes[number * writes.count / count + Int.random(in: 0..<max(writes.count / count, 1), using: &random)] + 1
      var state = State(cut: cut, flushed: cut - 1, written: [cut - 1])
      if number % 3 == 2, case .write(_, let data, _) = events[cut - 1], data.count > 512 { state.rest = 512 * Int.random(in: 1..<data.count / 512, using: &random) }
      return state
    }
  }
}

extension Tree {
  /// The same tree with a unit that loads NAND flash before the helper starts: its contents are the machine's first disk, and its second
  /// disk records them. The flash is mtd1 or, with UBI, the volume ubi0:data.
  ///
  /// - Throws: ``Problem`` if the recording program or the kernel cannot be built.
  public func withNand(ubi: Bool) async throws -> Tree {
    let module = try await Kernel.own.program().removingLastComponent().appending("nandsim.ko")
    return try await recordingWrites().with(copyOf: module, at: "/usr/lib/bed/nandsim.ko")
      .with("/etc/systemd/system/overlay-prep.service.d/bed.conf", "[Service]\nExecStartPre=/usr/lib/bed/note nand /usr/lib/bed/nandsim.ko\(ubi ? " ubi" : "")\n")
  }

  /// The same tree with a unit that sets up /dev/dm-0 on /dev/ubdb before the helper starts, and records all writes on /dev/ubdc.
  /// `/usr/lib/bed/note mark WORD` adds a note to the recording.
  ///
  /// - Throws: ``Problem`` if the recording program cannot be built.
  public func recordingWrites() async throws -> Tree {
    with(copyOf: try await CProgram.program("note"), at: "/usr/lib/bed/note")
      .with("/etc/systemd/system/overlay-prep.service.d/bed.conf",
            "[Service]\nExecStartPre=-/usr/lib/bed/note record /dev/ubdb /dev/ubdc\n")
  }
}
