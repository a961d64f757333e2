// SPDX-License-Identifier: MIT
import Foundation
import Subprocess
import Support
import SystemPackage

/// A machine that can be booted: what it is made of, its root, and the words on its kernel command line.
public struct Machine: Hashable, Sendable, CustomStringConvertible {
  public var leg: Leg
  public var tree: Tree
  public var words: [String]
  /// Of a machine with its own kernel.
  public var memoryInMegabytes = 256
  /// Whether the kernel calls the root's block device read-only. Where not, what is written is gone with the run.
  public var isRootDeviceReadOnly = true
  /// Whether the root is /dev/dm-0, on which dm-verity proves what is read from /dev/ubda. The hash tree is /dev/ubdb.
  public var isVerified = false
  /// Of a machine with its own kernel: /dev/ubdb, /dev/ubdc …; one letter later where the root is verified.
  public var disks: [Disk] = []
  /// How long it may take from power-on to power-off, as long as the host has nothing else to do; on a busy one it gets more.
  public var patience: Duration = .seconds(60)
  /// When its plug is pulled.
  public var powerCut: Moment?
  /// A disk that comes when a machine with its own kernel runs already, as the one after ``disks``.
  public var hotplug: Hotplug?
  /// When Ctrl-Alt-Del is pressed, on a machine with its own kernel.
  public var controlAltDelete: Moment?

  /// A disk that comes late.
  public struct Hotplug: Hashable, Sendable {
    public let disk: Disk
    public let moment: Moment

    public init(_ disk: Disk, at moment: Moment) {
      self.disk = disk
      self.moment = moment
    }
  }

  /// Creates a machine that is not running yet.
  public init(_ leg: Leg, _ tree: Tree = .lean, _ words: String...) {
    self.leg = leg
    self.tree = tree
    self.words = words
  }

  /// How a run of it ends.
  public enum Ending: Equatable, Sendable {
    case poweredOff, rebooted, powerCut, timedOut, died(String)
  }

  public var description: String {
    ([leg.description, tree.suite.name, tree.profile.rawValue] + words).joined(separator: " ")
  }

  /// The boot of this machine that all tests share: it happens when the first one asks.
  ///
  /// - Throws: what ``boot()`` throws.
  public func sharedBoot() async throws -> Boot {
    try await SharedBoots.all.boot(of: self)
  }

  /// Boots the machine, waits for its report and for its end.
  ///
  /// - Throws: ``Problem`` with the end of the console where it does not report or not end like this in time.
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

  /// Boots the machine several times, one boot after the other, on the same disks.
  ///
  /// - Throws: what ``boot(until:)`` throws, at the first boot that goes wrong.
  public func boots(_ count: Int) async throws -> [Boot] {
    var boots: [Boot] = []
    for _ in 0..<count { boots.append(try await boot()) }
    return boots
  }

  /// Boots a machine that powers off by itself before it can report.
  ///
  /// - Throws: ``Problem`` with the end of the console where it reports or does not power off in time.
  public func bootUntilPowerOff() async throws -> Console {
    try await bootWithoutReport(until: .poweredOff)
  }

  /// Boots a machine that reboots by itself before it can report. Its next boot does not happen.
  ///
  /// - Throws: ``Problem`` with the end of the console where it reports or does not reboot in time.
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

  /// Boots the machine and pulls its plug at ``powerCut``, whether it has reported by then or not.
  ///
  /// - Throws: ``Problem`` where it ends before.
  public func bootUntilPowerCut() async throws -> Console {
    let (run, outcome) = try await run()
    guard outcome.ending == .powerCut else {
      throw Problem("\(self) never came to \(powerCut?.description ?? "a power cut") (\(outcome.ending)). The console's end:\n\(run.console().tail())")
    }
    return run.console()
  }

  /// Makes the image where there is none yet, and runs the machine to its end, when it is this one's turn.
  private func run() async throws -> (Run, (ending: Ending, hasReport: Bool)) {
    try await Gate.machines.pass {
      let run = try await Run(self)
      return (run, try await run.toTheEnd())
    }
  }
}

/// The boots that are shared between tests.
private actor SharedBoots {
  static let all = SharedBoots()
  private var boots: [Machine: Task<Boot, any Error>] = [:]

  func boot(of machine: Machine) async throws -> Boot {
    let task = boots[machine] ?? Task.detached { try await machine.boot() }
    boots[machine] = task
    return try await task.value
  }
}
