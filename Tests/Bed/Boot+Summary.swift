// SPDX-License-Identifier: MIT
extension Boot {
  /// The most interesting facts in a few lines.
  public var summary: String {
    let root = mounts["/"].map(\.description) ?? "?"
    let seconds = duration.map { "\($0.formatted)" } ?? "never"
    var lines = [
      "machine   \(machine), systemd \(systemdVersion)",
      "state     \(state), up after \(seconds), startups finished: \(startupCount)",
      "root      \(root), \(isRootWritable ? "writable" : "not writable")",
      "units     \(unitsStarted.count) started, stopped: \(unitsStopped.isEmpty ? "none" : unitsStopped.joined(separator: " "))",
      "failed    \(failedUnits.isEmpty ? "none" : failedUnits.joined(separator: " "))",
      "console   \(consoleFailures.isEmpty ? "no failure" : consoleFailures.joined(separator: "; "))",
      "report    \(report)",
    ]
    if !unitsStartedAgain.isEmpty { lines.append("again     \(unitsStartedAgain.joined(separator: " "))") }
    if !unitsBegunInStageOne.isEmpty { lines.append("stage 1   \(unitsBegunInStageOne.joined(separator: " "))") }
    return lines.joined(separator: "\n")
  }
}

extension Duration {
  /// The duration in seconds with two decimal places.
  public var formatted: String {
    let hundredths = components.seconds * 100 + components.attoseconds / 10_000_000_000_000_000
    let places = hundredths % 100
    return "\(hundredths / 100).\(places < 10 ? "0" : "")\(places) s"
  }
}
