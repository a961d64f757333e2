// SPDX-License-Identifier: MIT
import Foundation
import Subprocess
import Support
import SystemPackage

/// A machine to boot: its leg, its root, and the words on its kernel command line.
public struct Machine: Hashable, Sendable, CustomStringConvertible {
  public var leg: Leg
  public var tree: Tree
  public var words: [String]
  public var entrance = Entrance.stageOne
  /// The memory of a machine with its own kernel.
  public var memoryInMegabytes = 256
  /// Whether the root's block device is read-only. If not, its changes are lost with the run.
  public var isRootDeviceReadOnly = true
  /// The initramfs that a machine with its own kernel begins with; nil for none.
  public var initramfs: FilePath?
  /// The way in which the host shares the root with a machine in QEMU; nil for an image on a block device.
  public var share: Share?
  /// Whether the root is /dev/dm-0, on which dm-verity verifies reads of /dev/ubda. The hash tree is /dev/ubdb.
  public var isVerified = false
  /// The disks of a machine with its own kernel: /dev/ubdb, /dev/ubdc …; one letter later if the root is verified. In QEMU: /dev/vdb, /dev/vdc …; one letter earlier if the root is shared.
  public var disks: [Disk] = []
  /// The TPM of a PC in QEMU; nil for none.
  public var tpm: Tpm?
  /// The time limit from power-on to power-off on an idle host; a busy host gives it more time.
  public var patience: Duration = .seconds(60)
  /// The moment of the power cut.
  public var powerCut: Moment?
  /// A disk that is plugged into a running machine with its own kernel, after ``disks``.
  public var hotplug: Hotplug?
  /// The moment of Ctrl-Alt-Del on a machine with its own kernel.
  public var controlAltDelete: Moment?

  /// A disk that appears late.
  public struct Hotplug: Hashable, Sendable {
    public let disk: Disk
    public let moment: Moment

    public init(_ disk: Disk, at moment: Moment) {
      self.disk = disk
      self.moment = moment
    }
  }

  /// Creates a machine without booting it.
  public init(_ leg: Leg, _ tree: Tree = .lean, _ words: String...) {
    self.leg = leg
    self.tree = tree
    self.words = words
    if case .emulated(let board) = leg {
      if board.isHosts {
        // The small kernels have fewer processes.
        self.tree = tree.without("/usr/lib/sysctl.d/50-pid-max.conf")
        return
      }
      self.tree.architecture = board.architecture
      self.tree.suite = board.suite
    }
  }

  /// Returns the same machine with another entrance.
  public func by(_ entrance: Entrance) -> Machine {
    var machine = self
    machine.entrance = entrance
    return machine
  }

  /// The way in which a run ends.
  public enum Ending: Equatable, Sendable {
    case poweredOff, rebooted, powerCut, timedOut, died(String)
  }

  public var description: String {
    ([leg.description] + (share.map { ["over \($0)"] } ?? []) + [tree.suite.name, tree.profile.rawValue] + (tree.packages.isEmpty ? [] : ["with \(tree.packages.count) packages"]) + (entrance == .stageOne ? [] : [entrance.description]) + words).joined(separator: " ")
  }

  /// The boot of this machine that all tests share. It runs when the first test needs it.
  ///
  /// - Throws: the errors of ``boot()``.
  public func sharedBoot() async throws -> Boot {
    try await SharedBoots.all.boot(of: self)
  }

  /// Boots the machine, and waits for its report and its end.
  ///
  /// - Throws: ``Problem`` with the end of the console if it does not report, or does not end like this, in time.
  public func boot(until end: Ending = .poweredOff) async throws -> Boot {
    let (run, outcome) = try await run()
    guard outcome.hasReport else {
      throw Problem("\(self) sent no report (\(outcome.ending)). The console's end:\n\(run.console().tail())")
    }
    let boot = try Boot(machine: self, console: run.console(), report: run.report)
    guard outcome.ending == end else {
      throw Problem("\(self) reported '\(boot.state)' and was not \(end) (\(outcome.ending)). The console's end:\n\(run.console().tail())")
    }
    return boot
  }

  /// Boots the machine several times in succession on the same disks.
  ///
  /// - Throws: the error of ``boot(until:)`` for the first boot that fails.
  public func boots(_ count: Int) async throws -> [Boot] {
    var boots: [Boot] = []
    for _ in 0..<count { boots.append(try await boot()) }
    return boots
  }

  /// Boots a machine that powers off by itself before it can report.
  ///
  /// - Throws: ``Problem`` with the end of the console if it reports or does not power off in time.
  public func bootUntilPowerOff() async throws -> Console {
    try await bootWithoutReport(until: .poweredOff)
  }

  /// Boots a machine that reboots by itself before it can report. Its next boot does not happen.
  ///
  /// - Throws: ``Problem`` with the end of the console if it reports or does not reboot in time.
  public func bootUntilReboot() async throws -> Console {
    try await bootWithoutReport(until: .rebooted)
  }

  private func bootWithoutReport(until end: Ending) async throws -> Console {
    let (run, outcome) = try await run()
    guard outcome.ending == end, !outcome.hasReport else {
      throw Problem("\(self) was not just \(end) (\(outcome)). The console's end:\n\(run.console().tail())")
    }
    return run.console()
  }

  /// Boots the machine and cuts its power at ``powerCut``, whether or not it has reported by then.
  ///
  /// - Throws: ``Problem`` if it ends before.
  public func bootUntilPowerCut() async throws -> Console {
    let (run, outcome) = try await run()
    guard outcome.ending == .powerCut else {
      throw Problem("\(self) never came to \(powerCut?.description ?? "a power cut") (\(outcome.ending)). The console's end:\n\(run.console().tail())")
    }
    return run.console()
  }

  /// Creates the image unless it is cached, waits for its turn, and runs the machine.
  private func run() async throws -> (Run, (ending: Ending, hasReport: Bool)) {
    try await Gate.machines.pass {
      let start = ContinuousClock.now
      defer { Cache.shared.note("\((ContinuousClock.now - start).formatted)\t\(self)") }
      let run = try await Run(self)
      return (run, try await run.toTheEnd())
    }
  }
}

/// Boots that tests share.
private actor SharedBoots {
  static let all = SharedBoots()
  private var boots: [Machine: Task<Boot, any Error>] = [:]

  func boot(of machine: Machine) async throws -> Boot {
    let task = boots[machine] ?? Task.detached { try await machine.boot() }
    boots[machine] = task
    return try await task.value
  }
}
