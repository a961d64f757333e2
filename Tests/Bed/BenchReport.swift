// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The generated part of docs/performance.md, and the plot beside it.
public struct BenchReport: Sendable {
  private let benches: [Bench]
  private let work: BenchWork
  private let load: Double
  private let kernel: String

  /// - Parameter load: the host's load before the first boot; see proc_loadavg(5).
  public init(_ benches: [Bench], _ work: BenchWork, load: Double) async throws {
    self.benches = benches
    self.work = work
    self.load = load
    kernel = try String(contentsOfFile: try await Kernel.own.program().removingLastComponent().appending("source").string, encoding: .utf8)
      .trimmingCharacters(in: .newlines)
  }

  public static var load: Double {
    (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)).flatMap { $0.split(separator: " ").first.flatMap { Double($0) } } ?? .nan
  }

  private static let begin = "<!-- make bench writes from here -->", end = "<!-- to here -->"

  /// - Throws: ``Problem`` if the document lacks the marks around its generated part.
  public func write() throws {
    let document = Checkout.top.appending("docs/performance.md"), plot = Checkout.top.appending("docs/performance.svg")
    let text = try String(contentsOfFile: document.string, encoding: .utf8)
    guard let begin = text.range(of: Self.begin), let end = text.range(of: Self.end), begin.upperBound <= end.lowerBound else {
      throw Problem("\(document) has no place for the results")
    }
    let new = text[..<begin.upperBound] + "\n" + results + "\n" + text[end.lowerBound...]
    try Data(new.utf8).write(to: URL(fileURLWithPath: document.string))
    try Data(BenchPlot(benches).svg.utf8).write(to: URL(fileURLWithPath: plot.string))
  }

  public var results: String {
    ([conditions] + benches.map(\.table) + ["### Work", work.table]).joined(separator: "\n")
  }

  private var conditions: String {
    let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.firstMatch(of: #/model name\s*: (.*)/#).map { String($0.output.1) } ?? "an unknown processor"
    let version = (try? Checkout.text("NEWS.md"))?.firstMatch(of: #/(?m)^## (\S+)/#).map { String($0.output.1) } ?? "?"
    let day = Date.now.formatted(.iso8601.year().month().day())
    return """
      \(day), preroot \(version), \(benches.first?.samples.first?.count ?? 0) rounds, on \(cpu) with \(ProcessInfo.processInfo.activeProcessorCount) processors,
      whose load was \(load.places(2)) at the beginning. The machines: User Mode Linux of \(kernel), 256 MiB, a squashfs root.

      """
  }
}
