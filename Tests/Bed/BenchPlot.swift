// SPDX-License-Identifier: MIT
import Foundation

/// A plot of benches as SVG, with a row for each contestant, a dot for each boot, and a stroke for the median.
public struct BenchPlot: Sendable {
  private let benches: [Bench]
  private static let width = 760.0, left = 250.0, right = 20.0, rowHeight = 24.0, headHeight = 34.0

  public init(_ benches: [Bench]) { self.benches = benches }

  public var svg: String {
    let most = benches.flatMap { bench in bench.contestants.indices.map { place in bench.spread(place) { $0.time / .seconds(1) }.most } }.max() ?? 1
    let end = max(most.rounded(.up), 1)
    func x(_ seconds: Double) -> String { (Self.left + seconds / end * (Self.width - Self.left - Self.right)).places(1) }

    var body: [String] = [], y = 0.0
    for bench in benches {
      body.append("<text x=\"10\" y=\"\((y + 22).places(1))\" font-weight=\"bold\">\(bench.suite.title), systemd \(bench.systemdVersion)</text>")
      let top = y + Self.headHeight, bottom = top + Double(bench.contestants.count) * Self.rowHeight
      for second in 0...Int(end) {
        body.append("<line x1=\"\(x(Double(second)))\" x2=\"\(x(Double(second)))\" y1=\"\(top.places(1))\" y2=\"\(bottom.places(1))\" stroke=\"#ddd\"/>")
        body.append("<text x=\"\(x(Double(second)))\" y=\"\((bottom + 14).places(1))\" text-anchor=\"middle\" fill=\"#555\">\(second) s</text>")
      }
      for place in bench.contestants.indices {
        let middle = top + (Double(place) + 0.5) * Self.rowHeight
        let spread = bench.spread(place) { $0.time / .seconds(1) }
        let colour = bench.contestants[place].name.contains("preroot") ? "#0b6e4f" : "#6b6b6b"
        body.append("<text x=\"\((Self.left - 10).places(1))\" y=\"\((middle + 4).places(1))\" text-anchor=\"end\">\(bench.contestants[place].name)</text>")
        for sample in bench.samples[place] {
          body.append("<circle cx=\"\(x(sample.time / .seconds(1)))\" cy=\"\(middle.places(1))\" r=\"3.5\" fill=\"\(colour)\" fill-opacity=\"0.45\"/>")
        }
        body.append("<line x1=\"\(x(spread.median))\" x2=\"\(x(spread.median))\" y1=\"\((middle - 8).places(1))\" y2=\"\((middle + 8).places(1))\" stroke=\"\(colour)\" stroke-width=\"2.5\"/>")
      }
      y = bottom + 30
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(Self.width))" height="\(Int(y))" viewBox="0 0 \(Int(Self.width)) \(Int(y))" font-family="sans-serif" font-size="12">
      <title>Boot times: a dot for each boot, a stroke for the median</title>
      <rect width="100%" height="100%" fill="#fff"/>
      \(body.joined(separator: "\n"))
      </svg>

      """
  }
}
