// SPDX-License-Identifier: MIT

/// The measurements of several ways to boot one image.
public struct BenchResults: Sendable {
  /// The name of the way with which the others are compared in each round, and of the one with whose memory they are compared.
  static let reference = "an initramfs (busybox)", plain = "plain, read-only"

  /// The measurements of one boot.
  public struct Sample: Sendable {
    /// The time from the kernel's start of the first program, which includes an initramfs or wrapper, to the end of the startup.
    let time: Duration
    /// The processor time of the machine's process on the host, from power-on to power-off.
    let hostTime: Duration
    let availableKilobytes: Int
    /// The bytes written to the device of the upper until the boot was complete, after a sync.
    let writtenBytes: Int
  }

  /// One way to boot, and its measurements.
  struct Row: Sendable {
    let name: String
    /// One for each round.
    var samples: [Sample] = []

    func spread(_ value: (Sample) -> Double) -> Spread { Spread(samples.map(value)) }

    var seconds: Spread { spread { $0.time / .seconds(1) } }
    var availableKilobytes: Double { spread { Double($0.availableKilobytes) }.median }
  }

  /// The minimum, median and maximum of some numbers.
  struct Spread: Sendable {
    let least, median, most: Double

    init(_ numbers: [Double]) {
      let sorted = numbers.sorted(), middle = sorted.count / 2
      least = sorted.first ?? .nan
      most = sorted.last ?? .nan
      median = sorted.isEmpty ? .nan : sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
  }

  /// The machine or the release, and its systemd.
  let title: String
  var rows: [Row]
  /// The ways that failed to boot in the warm-up round.
  let absent: [String]

  func row(_ name: String) -> Row? { rows.first { $0.name == name } }

  /// The ratio of the row's time to that of the reference in each round.
  func ratio(_ row: Row) -> Spread {
    Spread(zip(row.samples, self.row(Self.reference)?.samples ?? []).map { $0.time / $1.time })
  }

  /// What the row's boots leave of the memory, less what the plain boots leave, in MiB; nil for the plain boots themselves.
  func memory(_ row: Row) -> Double? {
    guard row.name != Self.plain, let plain = self.row(Self.plain) else { return nil }
    return (row.availableKilobytes - plain.availableKilobytes) / 1024
  }
}
