// SPDX-License-Identifier: MIT
import Foundation

/// A time limit that would apply on an idle host.
///
/// If the host has more to run than processors, the clock of this limit runs more slowly. It adapts all the time: a host that is idle
/// when a machine powers on may be busy a moment later.
struct Patience {
  private var rest: Duration
  private var last = ContinuousClock.now

  init(_ duration: Duration) {
    rest = duration
  }

  mutating func isOver(at now: ContinuousClock.Instant) -> Bool {
    let step = now - last
    guard step > .milliseconds(200) else { return rest < .zero }
    last = now
    // This process did not run during a longer step, so the machine may not have run either: the host slept or is very busy.
    rest -= min(step, .seconds(1)) / Self.load
    return rest < .zero
  }

  /// The number of processes for each processor, now or in the last minute, whichever is larger. See proc_loadavg(5).
  static var load: Double {
    let fields = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?.split(separator: " ") ?? []
    guard fields.count > 3, let average = Double(fields[0]), let running = fields[3].split(separator: "/").first.flatMap({ Double($0) }) else { return 1 }
    return max(1, max(average, running) / Double(ProcessInfo.processInfo.activeProcessorCount))
  }
}
