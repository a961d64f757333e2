// SPDX-License-Identifier: MIT
import Foundation
import Support

/// The generated part of a document, and the plot beside it.
public struct BenchReport: Sendable {
  /// The path of the document without its suffix.
  let name: String
  let conditions: BenchConditions
  let benches: [BenchResults]
  let work: BenchWork?

  /// Creates a report for the document of this name, such as docs/performance.
  public init(_ name: String, _ conditions: BenchConditions, _ benches: [BenchResults], _ work: BenchWork? = nil) {
    self.name = name
    self.conditions = conditions
    self.benches = benches
    self.work = work
  }

  private static let begin = "<!-- make bench writes from here -->", end = "<!-- to here -->"

  /// - Throws: ``Problem`` if the document lacks the marks around its generated part.
  public func write() throws {
    let document = Checkout.top.appending("\(name).md"), plot = Checkout.top.appending("\(name).svg")
    let text = try inserted(into: try String(contentsOfFile: document.string, encoding: .utf8))
    try Data(text.utf8).write(to: URL(fileURLWithPath: document.string))
    try Data(BenchPlot(benches).svg.utf8).write(to: URL(fileURLWithPath: plot.string))
  }

  /// Returns the document with the results between its marks.
  func inserted(into document: String) throws -> String {
    guard let begin = document.range(of: Self.begin), let end = document.range(of: Self.end), begin.upperBound <= end.lowerBound else {
      throw Problem("\(name).md has no place for the results")
    }
    return document[..<begin.upperBound] + "\n" + results + "\n" + document[end.lowerBound...]
  }

  public var results: String {
    ([conditions.text] + benches.map(\.table) + (work.map { ["### Work\n", $0.table] } ?? [])).joined(separator: "\n")
  }
}

/// What the results depend on besides preroot.
public struct BenchConditions: Sendable {
  /// What was booted.
  let machines: String
  let day, version, processor: String
  let processorCount, rounds: Int
  /// The host's load before the first boot; see proc_loadavg(5).
  let load: Double

  var text: String {
    """
    \(day), preroot \(version), \(rounds) rounds, on \(processor) with \(processorCount) processors,
    whose load was \(load.places(2)) at the beginning. The machines: \(machines).

    """
  }
}

extension BenchConditions {
  /// Reads them from this host, whose load is that of now.
  public init(rounds: Int, _ machines: String) throws {
    self.rounds = rounds
    self.machines = machines
    load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)).flatMap { $0.split(separator: " ").first.flatMap { Double($0) } } ?? .nan
    day = Date.now.formatted(.iso8601.year().month().day())
    version = try Checkout.text("NEWS.md").firstMatch(of: #/(?m)^## (\S+)/#).map { String($0.output.1) } ?? "?"
    let cpu = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    processor = cpu.firstMatch(of: #/model name\s*: (.*)/#).map { String($0.output.1) } ?? "an unknown processor"
    processorCount = ProcessInfo.processInfo.activeProcessorCount
  }
}
