// SPDX-License-Identifier: MIT
import Foundation

/// How long something may take, in the time of a host that has nothing else to do.
///
/// Where there is more to run than there are processors, time goes by more slowly. That is looked at again and again: a host that is idle
/// when a machine is switched on may be busy a moment later.
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
    // A longer step is one in which this process did not run, so the machine may not have run, either: the host slept, or is very busy.
    rest -= min(step, .seconds(1)) / Self.load
    return rest < .zero
  }

  /// How many processes there are for each processor: now, or in the last minute, whichever is more. See proc_loadavg(5).
  static var load: Double {
    let fields = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?.split(separator: " ") ?? []
    guard fields.count > 3, let average = Double(fields[0]), let running = fields[3].split(separator: "/").first.flatMap({ Double($0) }) else { return 1 }
    return max(1, max(average, running) / Double(ProcessInfo.processInfo.activeProcessorCount))
  }
}
