// SPDX-License-Identifier: MIT
import Foundation

/// A plot of benches as SVG, with a row for each way to boot, a dot for each boot, and a stroke for the median.
struct BenchPlot: Sendable {
  let benches: [BenchResults]
  private static let width = 760.0, left = 250.0, right = 20.0, rowHeight = 24.0, headHeight = 34.0, footHeight = 30.0

  init(_ benches: [BenchResults]) { self.benches = benches }

  var svg: String {
    let end = max((benches.flatMap(\.rows).map(\.seconds.most).max() ?? 1).rounded(.up), 1)
    func x(_ seconds: Double) -> String { (Self.left + seconds / end * (Self.width - Self.left - Self.right)).places(1) }

    var body: [String] = [], y = 0.0
    for bench in benches {
      body.append("<text x=\"10\" y=\"\((y + 22).places(1))\" font-weight=\"bold\">\(bench.title.escapedForXML)</text>")
      let top = y + Self.headHeight, bottom = top + Double(bench.rows.count) * Self.rowHeight
      for second in 0...Int(end) {
        body.append("<line x1=\"\(x(Double(second)))\" x2=\"\(x(Double(second)))\" y1=\"\(top.places(1))\" y2=\"\(bottom.places(1))\" stroke=\"#ddd\"/>")
        body.append("<text x=\"\(x(Double(second)))\" y=\"\((bottom + 14).places(1))\" text-anchor=\"middle\" fill=\"#555\">\(second) s</text>")
      }
      for (place, row) in bench.rows.enumerated() {
        let middle = top + (Double(place) + 0.5) * Self.rowHeight
        let colour = row.name.contains("preroot") ? "#0b6e4f" : "#6b6b6b"
        body.append("<text x=\"\((Self.left - 10).places(1))\" y=\"\((middle + 4).places(1))\" text-anchor=\"end\">\(row.name.escapedForXML)</text>")
        for sample in row.samples {
          body.append("<circle cx=\"\(x(sample.time / .seconds(1)))\" cy=\"\(middle.places(1))\" r=\"3.5\" fill=\"\(colour)\" fill-opacity=\"0.45\"/>")
        }
        let median = x(row.seconds.median)
        body.append("<line x1=\"\(median)\" x2=\"\(median)\" y1=\"\((middle - 8).places(1))\" y2=\"\((middle + 8).places(1))\" stroke=\"\(colour)\" stroke-width=\"2.5\"/>")
      }
      y = bottom + Self.footHeight
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

extension String {
  fileprivate var escapedForXML: String { replacing("&", with: "&amp;").replacing("<", with: "&lt;") }
}
