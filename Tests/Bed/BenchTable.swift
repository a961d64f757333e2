// SPDX-License-Identifier: MIT
import Foundation

extension BenchResults {
  /// The table for a document.
  var table: String {
    var lines = [
      "### \(title)", "",
      "| | min | median | max | ratio to the initramfs | processor time | memory against plain | written to the device |", "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows {
      let time = row.seconds, ratio = ratio(row), written = row.spread { Double($0.writtenBytes) }.median / 1024
      lines.append("| " + [
        row.name, "\(time.least.places(2)) s", "\(time.median.places(2)) s", "\(time.most.places(2)) s",
        "\(ratio.median.places(2)) (\(ratio.least.places(2)) to \(ratio.most.places(2)))", "\(row.spread { $0.hostTime / .seconds(1) }.median.places(2)) s",
        memory(row).map { "\($0 < 0 ? "-" : "+")\(abs($0).places(1)) MiB" } ?? "", written > 0 ? "\(written.places(0)) KiB" : "",
      ].joined(separator: " | ") + " |")
    }
    if !absent.isEmpty { lines += ["", "Not booted: \(absent.joined(separator: ", "))."] }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension Suite {
  /// The name of the release for people.
  var title: String {
    switch name {
    case "bullseye": "Debian 11"
    case "bookworm": "Debian 12"
    case "trixie": "Debian 13"
    case "jammy": "Ubuntu 22.04"
    case "noble": "Ubuntu 24.04"
    default: name
    }
  }
}

extension Double {
  func places(_ count: Int) -> String { String(format: "%.\(count)f", self) }
}
