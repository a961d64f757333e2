// SPDX-License-Identifier: MIT
import Foundation
import Support

/// Measures boots of one image in several ways under User Mode Linux, in turn.
public struct Bench: Sendable {
  /// The machine of each row of ``results``.
  private let machines: [Machine]
  private let suite: Suite
  public private(set) var results: BenchResults

  /// What is booted, for the conditions of the report.
  ///
  /// - Throws: ``Problem`` if there is no kernel.
  public static var machines: String {
    get async throws {
      let source = try await Kernel.own.program().removingLastComponent().appending("source")
      return "User Mode Linux of \(try String(contentsOfFile: source.string, encoding: .utf8).trimmingCharacters(in: .newlines)), 256 MiB, a squashfs root"
    }
  }

  /// Boots each way once without counting it, so that all images exist and the upper on the device has had its first boot.
  ///
  /// - Throws: ``Problem`` if the reference does not boot.
  public init(of suite: Suite) async throws {
    self.suite = suite
    say("bench: \(suite), the round that is not counted")
    var machines: [Machine] = [], rows: [BenchResults.Row] = [], absent: [String] = [], version = ""
    for way in BenchWay.allCases {
      do {
        let machine = try await way.machine(suite)
        let boot = try await machine.boot()
        guard boot.state == "running" else { throw Problem("'\(way.rawValue)' is \(boot.state): \(boot.failedUnits.joined(separator: " "))") }
        _ = try BenchResults.Sample(boot)
        version = boot.systemdVersion
        machines.append(machine)
        rows.append(.init(name: way.rawValue))
      } catch let problem as Problem where way.rawValue != BenchResults.reference {
        absent.append(way.rawValue)
        say("bench: without '\(way.rawValue)', which does not boot on \(suite): \(problem.description.prefix(300)) ... \(problem.description.suffix(1000))")
      }
    }
    self.machines = machines
    results = BenchResults(title: "\(suite.title), systemd \(version)", rows: rows, absent: absent)
  }

  /// Boots each way once. Each round begins with a different one.
  public mutating func round(_ number: Int, of rounds: Int) async throws {
    say("bench: \(suite), round \(number) of \(rounds)")
    for place in machines.indices.map({ ($0 + number) % machines.count }) {
      let boot = try await machines[place].boot()
      results.rows[place].samples.append(try BenchResults.Sample(boot))
    }
  }
}

extension BenchResults.Sample {
  init(_ boot: Boot) throws {
    // `[    0.380000] Run /sbin/init as init process`
    guard let start = boot.file("dmesg")?.firstMatch(of: #/\[ *([0-9]+\.[0-9]+)\] Run \S+ as init process/#).flatMap({ Double($0.output.1) }),
          let finish = boot.manager["FinishTimestampMonotonic"].flatMap({ Int($0) }), finish > 0, let hostTime = boot.hostTime else {
      throw Problem("\(boot) does not tell when it began and ended")
    }
    let output = boot.script?.output ?? ""
    let lines = output.split(separator: "\n").map { $0.split(separator: " ") }
    guard let available = lines.first(where: { $0.first == "MemAvailable:" }).flatMap({ Int($0[1]) }) else { throw Problem("\(boot) does not tell its memory") }
    // See linux: Documentation/block/stat.rst.
    let writtenSectors = lines.first { $0.count > 10 }.flatMap { Int($0[6]) } ?? 0
    self.init(time: .microseconds(finish) - .seconds(start), hostTime: hostTime, availableKilobytes: available, writtenBytes: writtenSectors * 512)
  }
}
