// SPDX-License-Identifier: MIT
import Foundation

extension Bench {
  /// The table for docs/performance.md.
  public var table: String {
    let plain = spread(0) { Double($0.availableKilobytes) }.median
    var lines = [
      "### \(suite.title), systemd \(systemdVersion)", "",
      "| | min | median | max | ratio to the initramfs | processor time | memory against plain | written to the device |", "|---|---|---|---|---|---|---|---|",
    ]
    for place in contestants.indices {
      let time = spread(place) { $0.time / .seconds(1) }, ratio = ratio(place)
      let memory = (spread(place) { Double($0.availableKilobytes) }.median - plain) / 1024
      let written = spread(place) { Double($0.writtenBytes) }.median / 1024
      lines.append("| " + [
        contestants[place].name, "\(time.least.places(2)) s", "\(time.median.places(2)) s", "\(time.most.places(2)) s",
        "\(ratio.median.places(2)) (\(ratio.least.places(2)) to \(ratio.most.places(2)))", "\(spread(place) { $0.hostTime / .seconds(1) }.median.places(2)) s",
        place == 0 ? "" : "\(memory < 0 ? "-" : "+")\(abs(memory).places(1)) MiB", written > 0 ? "\(written.places(0)) KiB" : "",
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
