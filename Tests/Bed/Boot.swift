// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// One boot of one machine, from power-on to power-off, as the machine itself reported it.
public struct Boot: Sendable, CustomStringConvertible {
  public let machine: Machine
  /// Everything that the machine printed, until power-off.
  public let console: Console
  /// The output of `systemctl is-system-running --wait`.
  public let state: String
  public let journal: Journal
  /// Every loaded unit by its name.
  public let units: [String: Unit]
  public let mounts: MountTable
  /// PID 1's own properties.
  public let manager: [String: String]
  /// The units `systemctl --failed` lists.
  public let failedUnits: [String]
  /// The jobs in PID 1's queue at the time of the report.
  public let jobs: [String]
  /// Whether the probe could create a file on the root; the error of `touch` if not.
  public let isRootWritable: Bool
  /// The output and exit status of the test's own script; see ``Tree/running(_:)``.
  public let script: Script?
  /// The directory with the probe's files, among them `preroot/`, a copy of /run/preroot.
  public let report: FilePath

  /// The result of a test's own script.
  public struct Script: Sendable {
    public let status: Int
    public let output: String
  }

  public var description: String { "\(machine) (\(report))" }

  /// A file of the report, or nil.
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
  /// The number of startups that PID 1 has reported as finished.
  public var startupCount: Int {
    journal.entries.count {
      $0.isFromManager && [MessageID.startupFinished, MessageID.userStartupFinished].contains($0["MESSAGE_ID"])
    }
  }

  /// The number of starts of each unit according to PID 1's messages.
  ///
  /// Without a journal PID 1 writes its messages to the kernel log, without fields. Those are recognized by their text:
  /// `Finished NAME - DESCRIPTION.`, or before systemd 250, `Finished DESCRIPTION.`.
  public var unitsStarted: [String: Int] {
    var counts: [String: Int] = [:]
    for entry in journal.entries where entry.isFromManager {
      if entry["MESSAGE_ID"] == MessageID.unitStarted, let unit = entry["UNIT"] {
        // The message of a unit whose condition failed has the same ID, but another text.
        if !entry.message.contains(" was skipped ") { counts[unit, default: 0] += 1 }
      } else if entry["_TRANSPORT"] == "kernel", let match = entry.message.firstMatch(of: Self.startedInWords) {
        counts[String(match.name), default: 0] += 1
      }
    }
    return counts
  }

  /// The units that PID 1 started more than once.
  ///
  /// They exclude modprobe@.service, which does not remain active: udev starts the mounts of fuse and configfs when it finds these
  /// modules (99-systemd.rules), and they start it again, even in plain boots.
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

  /// The names of the units that began to start at some time of this boot, except those that PID 1 found active.
  public var unitsBegun: [String] { begun { _ in true } }

  /// The end of stage 1: that of the helper's reload or re-execution; that of the helper, if the units waited for it; or nil.
  public var stageOneEnd: Duration? {
    if let advance {
      // systemd before 250 records no such time.
      guard let time = manager["UnitsLoadTimestampMonotonic"].flatMap({ Int($0) }) else { return advance }
      return time > 0 ? .microseconds(time) : nil
    }
    return units["overlay-prep.service"]?.mainExit
  }

  /// The time at which PID 1 answered the helper's reload or re-execution, or nil.
  private var advance: Duration? {
    guard let step = journal.entries.last(where: { ["reload", "reexec"].contains($0["PREROOT_STEP"]) }),
          let start = step["PREROOT_MONOTONIC_USEC"].flatMap({ Int($0) }), let length = step["PREROOT_USEC"].flatMap({ Int($0) }) else { return nil }
    return .microseconds(start + length)
  }

  /// Whether the helper made PID 1 reload or re-execute.
  public var hasReread: Bool { advance != nil }

  /// PID 1's version of systemd, such as `252.39-1~deb12u2`.
  public var systemdVersion: String { manager["Version"] ?? "" }

  /// The names of the units that began to start in stage 1, except the helper's.
  public var unitsBegunInStageOne: [String] {
    guard let end = stageOneEnd else { return [] }
    return begun { $0 < end }.filter { !$0.hasPrefix("overlay-prep.") }
  }

  private func begun(_ when: (Duration) -> Bool) -> [String] {
    units.values.filter { unit in !unit.isFoundNotStarted && unit.inactiveExit.map(when) == true }.map(\.id).sorted()
  }

  /// The names of the active units, except those that PID 1 found active.
  public var unitsActive: [String] {
    units.values.filter { !$0.isFoundNotStarted && $0.activeState == "active" }.map(\.id).sorted()
  }

  /// The failures that the console shows, including the shutdown.
  public var consoleFailures: [String] { console.failures }

  /// The time from the start of PID 1 to the end of the startup, or nil if it has not finished.
  public var duration: Duration? {
    guard let start = manager["UserspaceTimestampMonotonic"].flatMap({ Int($0) }),
          let finish = manager["FinishTimestampMonotonic"].flatMap({ Int($0) }), finish > start else { return nil }
    return .microseconds(finish - start)
  }
}
