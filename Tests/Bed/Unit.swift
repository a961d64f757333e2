// SPDX-License-Identifier: MIT
/// PID 1's state of a unit. See systemd.unit(5) and `systemctl show`.
public struct Unit: Sendable {
  /// The properties that systemctl printed for the probe.
  public let properties: [String: String]

  public var id: String { properties["Id"] ?? "" }
  /// The unit's own name and its aliases.
  public var names: [String] { (properties["Names"] ?? "").split(separator: " ").map(String.init) }
  public var loadState: String { properties["LoadState"] ?? "" }
  public var activeState: String { properties["ActiveState"] ?? "" }
  public var subState: String { properties["SubState"] ?? "" }
  public var result: String { properties["Result"] ?? "" }
  public var needsReload: Bool { properties["NeedDaemonReload"] == "yes" }
  /// The number of automatic restarts.
  public var restarts: Int { number("NRestarts") ?? 0 }

  /// The time since the kernel's start at which the unit last began to start, or nil.
  public var inactiveExit: Duration? { time("InactiveExitTimestampMonotonic") }
  public var activeEnter: Duration? { time("ActiveEnterTimestampMonotonic") }
  public var activeExit: Duration? { time("ActiveExitTimestampMonotonic") }
  public var mainStart: Duration? { time("ExecMainStartTimestampMonotonic") }
  public var mainExit: Duration? { time("ExecMainExitTimestampMonotonic") }

  /// The part of the name after the last dot: `service`, `mount` …
  public var type: String { id.split(separator: ".").last.map(String.init) ?? "" }

  /// Whether PID 1 found the unit active without a job: the root slice, PID 1's scope, and the kernel's mounts and devices. A job tests
  /// the unit's conditions; a mount that PID 1 found has no such test.
  public var isFoundNotStarted: Bool {
    ["device", "slice", "scope"].contains(type) || (type == "mount" && properties["ConditionResult"] != "yes")
  }

  private func number(_ name: String) -> Int? { properties[name].flatMap { Int($0) } }

  private func time(_ name: String) -> Duration? {
    guard let microseconds = number(name), microseconds > 0 else { return nil }
    return .microseconds(microseconds)
  }
}

/// Blocks of `NAME=VALUE` lines as systemctl prints them: one block for each unit, separated by empty lines.
func propertyBlocks(_ text: String) -> [[String: String]] {
  var blocks: [[String: String]] = [[:]]
  for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
    if line.isEmpty {
      blocks.append([:])
    } else if let equals = line.firstIndex(of: "=") {
      blocks[blocks.count - 1][String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
  }
  return blocks.filter { !$0.isEmpty }
}
