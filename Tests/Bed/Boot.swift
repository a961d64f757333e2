// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// One boot of one machine, from power-on to power-off, as the machine itself reported it.
public struct Boot: Sendable, CustomStringConvertible {
  public let machine: Machine
  /// What it printed, to the very end.
  public let console: Console
  /// What `systemctl is-system-running --wait` said.
  public let state: String
  public let journal: Journal
  /// Every loaded unit by its name.
  public let units: [String: Unit]
  public let mounts: MountTable
  /// PID 1's own properties.
  public let manager: [String: String]
  /// The units `systemctl --failed` lists.
  public let failedUnits: [String]
  /// What was queued when the report was taken.
  public let jobs: [String]
  /// Whether a file could be made on the root, in the words of `touch` where not.
  public let isRootWritable: Bool
  /// What the test's own script said, and its exit status; see ``Tree/running(_:)``.
  public let script: Script?
  /// The directory of everything the probe wrote, `preroot/` (a copy of /run/preroot) among it.
  public let report: FilePath

  /// The outcome of a test's own script.
  public struct Script: Sendable {
    public let status: Int
    public let output: String
  }

  public var description: String { "\(machine) (\(report))" }

  /// A file of the report; nil where there is none.
  public func file(_ name: String) -> String? {
    try? String(contentsOfFile: report.appending(name).string, encoding: .utf8)
  }

  init(machine: Machine, console: Console, report: FilePath) throws {
    func text(_ name: String) throws -> String {
      guard let data = FileManager.default.contents(atPath: report.appending(name).string) else {
        throw Problem("The report of \(machine) has no '\(name)'")
      }
      return String(decoding: data, as: UTF8.self)
    }
    func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    self.machine = machine
    self.console = console
    self.report = report
    state = try text("state").trimmingCharacters(in: .whitespacesAndNewlines)
    journal = try Journal(export: FileManager.default.contents(atPath: report.appending("journal").string) ?? Data())
    units = Dictionary(propertyBlocks(try text("units")).map { (($0["Id"] ?? ""), Unit(properties: $0)) }, uniquingKeysWith: { $1 })
    mounts = try MountTable(mountInfo: try text("mountinfo"), of: report.removingLastComponent())
    manager = propertyBlocks(try text("manager")).first ?? [:]
    failedUnits = lines(try text("failed")).compactMap { $0.split(separator: " ").first.map(String.init) }.sorted()
    jobs = lines(try text("jobs"))
    isRootWritable = try text("writable").hasPrefix("yes")
    script = try? Script(status: Int(text("script.status").trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1, output: text("script.output"))
  }
}

extension Boot {
  /// How many startups PID 1 has reported as finished.
  public var startupCount: Int {
    journal.entries.count {
      $0.isFromManager && [MessageID.startupFinished, MessageID.userStartupFinished].contains($0["MESSAGE_ID"])
    }
  }

  /// How often each unit was started, by PID 1's own messages.
  ///
  /// While there is no journal PID 1's messages go to the kernel's log without their fields: those are told by their words,
  /// `Finished NAME - DESCRIPTION.`, and before systemd 250, `Finished DESCRIPTION.`.
  public var unitsStarted: [String: Int] {
    var counts: [String: Int] = [:]
    for entry in journal.entries where entry.isFromManager {
      if entry["MESSAGE_ID"] == MessageID.unitStarted, let unit = entry["UNIT"] {
        // A unit whose condition does not hold has the same ID and other words.
        if !entry.message.contains(" was skipped ") { counts[unit, default: 0] += 1 }
      } else if entry["_TRANSPORT"] == "kernel", let match = entry.message.firstMatch(of: Self.startedInWords) {
        counts[String(match.name), default: 0] += 1
      }
    }
    return counts
  }

  /// The units that were started more than once.
  ///
  /// Left out is modprobe@.service, which is done and gone when it has run: udev asks for the mounts of fuse and configfs when it comes
  /// across these modules (99-systemd.rules), and they ask for it again, whether they are there already or not, in plain boots too.
  public var unitsStartedAgain: [String] {
    unitsStarted.filter { $0.value > 1 && !$0.key.hasPrefix("modprobe@") }.keys.sorted()
  }

  private static var startedInWords: Regex<(Substring, name: Substring)> {
    /^(?:Started|Finished|Reached target|Listening on|Mounted|Activated swap|Set up automount|Created slice) (?<name>\S+\.[a-z]+|.+?)(?: - .*|\.)?$/
  }

  /// The units that PID 1 stopped before the report was taken.
  public var unitsStopped: [String] {
    journal.entries.filter { $0.isFromManager && $0["MESSAGE_ID"] == MessageID.unitStopped }.compactMap { $0["UNIT"] }.sorted()
  }

  /// The names of the units that have begun to start at some time of this boot, found ones left out.
  public var unitsBegun: [String] { begun { _ in true } }

  /// When stage 1 ended: with the reload or the re-execution that the helper asked for, or with the helper, where the units waited for it.
  public var stageOneEnd: Duration? {
    if let advance {
      // A systemd before 250 does not keep the time.
      guard let time = manager["UnitsLoadTimestampMonotonic"].flatMap({ Int($0) }) else { return advance }
      return time > 0 ? .microseconds(time) : nil
    }
    return units["overlay-prep.service"]?.mainExit
  }

  /// When the helper had the answer to its reload or re-execution; nil where it asked for neither.
  private var advance: Duration? {
    guard let step = journal.entries.last(where: { ["reload", "reexec"].contains($0["PREROOT_STEP"]) }),
          let start = step["PREROOT_MONOTONIC_USEC"].flatMap({ Int($0) }), let length = step["PREROOT_USEC"].flatMap({ Int($0) }) else { return nil }
    return .microseconds(start + length)
  }

  /// Whether the helper had PID 1 read everything again.
  public var hasReread: Bool { advance != nil }

  /// The version of systemd, as PID 1 has it: `252.39-1~deb12u2`.
  public var systemdVersion: String { manager["Version"] ?? "" }

  /// The names of the units that have begun to start in stage 1, the helper's own left out.
  public var unitsBegunInStageOne: [String] {
    guard let end = stageOneEnd else { return [] }
    return begun { $0 < end }.filter { !$0.hasPrefix("overlay-prep.") }
  }

  private func begun(_ when: (Duration) -> Bool) -> [String] {
    units.values.filter { unit in !unit.isFoundNotStarted && unit.inactiveExit.map(when) == true }.map(\.id).sorted()
  }

  /// The names of the active units, found ones left out.
  public var unitsActive: [String] {
    units.values.filter { !$0.isFoundNotStarted && $0.activeState == "active" }.map(\.id).sorted()
  }

  /// What went wrong by the console's words, the shutdown included.
  public var consoleFailures: [String] { console.failures }

  /// From the start of PID 1 to the end of the startup; nil where it has not ended.
  public var duration: Duration? {
    guard let start = manager["UserspaceTimestampMonotonic"].flatMap({ Int($0) }),
          let finish = manager["FinishTimestampMonotonic"].flatMap({ Int($0) }), finish > start else { return nil }
    return .microseconds(finish - start)
  }
}
