// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// Measures boots of one image in several ways, in turn.
public struct Bench: Sendable {
  /// One way to boot.
  public struct Contestant: Sendable {
    public let name: String
    let machine: Machine
  }

  /// The measurements of one boot.
  public struct Sample: Sendable {
    /// The time from the kernel's start of the first program, which includes an initramfs or wrapper, to the end of the startup.
    public let time: Duration
    /// The processor time of the machine's process on the host, from power-on to power-off.
    public let hostTime: Duration
    public let availableKilobytes: Int
    /// The bytes written to /dev/ubdb until the boot was complete, after a sync.
    public let writtenBytes: Int
  }

  public let suite: Suite
  public let contestants: [Contestant]
  /// The samples of each contestant, one for each round.
  public private(set) var samples: [[Sample]]
  /// The contestants that failed to boot in the warm-up round.
  public private(set) var absent: [String] = []
  public private(set) var systemdVersion = ""

  /// The contestant with which the others are compared in each round.
  public static let reference = "an initramfs (busybox)"

  /// Boots each contestant once without counting it, so that all images exist and the upper on the device has had its first boot.
  ///
  /// - Throws: ``Problem`` if the reference does not boot.
  public init(of suite: Suite) async throws {
    self.suite = suite
    say("bench: \(suite), the round that is not counted")
    var contestants: [Contestant] = []
    for contestant in try await Self.contestants(on: suite) {
      do {
        let boot = try await contestant.machine.boot()
        guard boot.state == "running" else { throw Problem("'\(contestant.name)' is \(boot.state): \(boot.failedUnits.joined(separator: " "))") }
        _ = try Sample(boot)
        systemdVersion = boot.systemdVersion
        contestants.append(contestant)
      } catch let problem as Problem where contestant.name != Self.reference {
        absent.append(contestant.name)
        say("bench: without '\(contestant.name)', which does not boot on \(suite): \(problem.description.prefix(300)) ... \(problem.description.suffix(1000))")
      }
    }
    self.contestants = contestants
    samples = contestants.map { _ in [] }
  }

  private static func contestants(on suite: Suite) async throws -> [Contestant] {
    // logind fails on a read-only root. The script runs after the boot.
    let tree = Tree(suite).linking("/etc/systemd/system/systemd-logind.service", to: "/dev/null")
      .running("grep MemAvailable: /proc/meminfo; sync; cat /sys/block/ubdb/stat 2> /dev/null")
    let plain = tree.withoutPreroot
    func machine(_ tree: Tree, _ words: String...) -> Machine {
      var machine = Machine(.kernel(.squashfs), tree)
      machine.words = words
      return machine
    }
    var initramfs = machine(plain)
    initramfs.initramfs = try await Initramfs.path()
    let wrapper = plain.with("/usr/sbin/overlay-init", try Checkout.bedText("bench-wrapper"), mode: 0o755)
    var device = machine(tree, "preroot=/dev/ubdb")
    device.disks = [try await Disk.ext4(megabytes: 128)]
    return [
      Contestant(name: "plain, read-only", machine: machine(plain)),
      Contestant(name: reference, machine: initramfs),
      Contestant(name: "an init= wrapper (sh)", machine: machine(wrapper, "init=/usr/sbin/overlay-init")),
      Contestant(name: "init=/usr/lib/preroot/overlay-prep", machine: machine(tree, "init=/usr/lib/preroot/overlay-prep", "preroot=tmpfs")),
      Contestant(name: "preroot=tmpfs", machine: machine(tree, "preroot=tmpfs")),
      Contestant(name: "preroot=tmpfs, Switch=reload", machine: machine(tree, "preroot=tmpfs", "preroot.switch=reload")),
      Contestant(name: "preroot=/dev/ubdb", machine: device),
    ]
  }

  /// Boots each contestant once. Each round begins with another one.
  public mutating func round(_ number: Int, of rounds: Int) async throws {
    say("bench: \(suite), round \(number) of \(rounds)")
    let count = contestants.count, first = samples[0].count % count
    for place in (0..<count).map({ ($0 + first) % count }) {
      let boot = try await contestants[place].machine.boot()
      samples[place].append(try Sample(boot))
    }
  }
}

extension Bench.Sample {
  init(_ boot: Boot) throws {
    // `[    0.380000] Run /sbin/init as init process`
    guard let start = boot.file("dmesg")?.firstMatch(of: #/\[ *([0-9]+\.[0-9]+)\] Run \S+ as init process/#).flatMap({ Double($0.output.1) }),
          let finish = boot.manager["FinishTimestampMonotonic"].flatMap({ Int($0) }), finish > 0, let hostTime = boot.hostTime else {
      throw Problem("\(boot) does not tell when it began and ended")
    }
    let output = boot.script?.output ?? ""
    let lines = output.split(separator: "\n").map { $0.split(separator: " ") }
    guard let available = lines.first(where: { $0.first == "MemAvailable:" }).flatMap({ Int($0[1]) }) else { throw Problem("\(boot) does not tell its memory") }
    time = .microseconds(finish) - .seconds(start)
    self.hostTime = hostTime
    availableKilobytes = available
    // See linux: Documentation/block/stat.rst.
    writtenBytes = lines.first { $0.count > 10 }.flatMap { Int($0[6]) }.map { $0 * 512 } ?? 0
  }
}

extension Bench {
  /// The minimum, median and maximum of some numbers.
  public struct Spread: Sendable {
    public let least, median, most: Double

    init(_ numbers: [Double]) {
      let sorted = numbers.sorted(), middle = sorted.count / 2
      least = sorted.first ?? .nan
      most = sorted.last ?? .nan
      median = sorted.isEmpty ? .nan : sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
  }

  func spread(_ place: Int, _ value: (Sample) -> Double) -> Spread { Spread(samples[place].map(value)) }

  /// The ratio of the contestant's time to that of the reference in each round.
  func ratio(_ place: Int) -> Spread {
    guard let reference = contestants.firstIndex(where: { $0.name == Self.reference }) else { return Spread([]) }
    return Spread(zip(samples[place], samples[reference]).map { $0.time / $1.time })
  }
}
