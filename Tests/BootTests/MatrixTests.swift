// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Support
import Testing

/// The differences between versions of systemd must not show. Since 253, generators run in a sandbox in which every mount looks
/// read-only; mount(8) of Debian 13 cannot remount an overlay; names of properties, texts of messages and the order of jobs change.
@Suite("The versions of systemd")
struct MatrixTests {
  @Test("Each systemd makes a read-only image writable and starts each unit once", arguments: Entrance.each(Suite.chosen, Leg.each))
  func isWritable(suite: Suite, leg: Leg, entrance: Entrance) async throws {
    let boot = try await Machine(leg, Tree(suite), "preroot=tmpfs").by(entrance).sharedBoot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.isRootWritable)
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    expectOneBoot(boot)
    #expect(boot.units.values.filter(\.needsReload).map(\.id) == [])
  }

  @Test("Each systemd makes a read-only root writable with preroot.switch=reload, too", arguments: Suite.chosen, Leg.each)
  func isWritableByReload(suite: Suite, leg: Leg) async throws {
    let boot = try await Machine(leg, Tree(suite), "preroot=tmpfs", "preroot.switch=reload").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.hasReread)
    expectOneBoot(boot)
    #expect(boot.units.values.filter(\.needsReload).map(\.id) == [])
  }

  @Test("Each systemd makes a dm-verity root writable", arguments: Suite.chosen, Entrance.chosen)
  func isWritableWhereProven(suite: Suite, entrance: Entrance) async throws {
    var machine = Machine(.kernel(.squashfs), Tree(suite)).by(entrance)
    machine.isVerified = true
    let boot = try await machine.boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.isRootWritable)
    expectOneBoot(boot)
  }

  @Test("Each systemd keeps the overlay writable despite a line for / in /etc/fstab", arguments: Entrance.eachChosen(Suite.chosen, Leg.each))
  func survivesRemount(suite: Suite, leg: Leg, entrance: Entrance) async throws {
    let tree = Tree(suite).with("/etc/fstab", "/dev/root / squashfs ro 0 0\n")
    let boot = try await Machine(leg, tree, "preroot=tmpfs").by(entrance).boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.isReadOnly == false)
    expectOneBoot(boot)
  }

  @Test("Each systemd makes only /etc and /var writable with preroot.scope=/etc:/var", arguments: Entrance.eachChosen(Suite.chosen, Leg.each))
  func isWritableInPlaces(suite: Suite, leg: Leg, entrance: Entrance) async throws {
    // In Ubuntu 22.04 it cannot start on a read-only /, even without preroot, as systemd creates a mount point for its /dev there.
    let tree = Tree(suite).linking("/etc/systemd/system/systemd-resolved.service", to: "/dev/null")
      .running("touch /etc/bed /var/bed && ! touch /usr/bed")
    let boot = try await Machine(leg, tree, "preroot=tmpfs", "preroot.scope=/etc:/var").by(entrance).boot()
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "The script did not run")")
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(!boot.isRootWritable)
    for directory in ["/etc", "/var"] { #expect(boot.mounts[directory]?.source == "preroot") }
    expectOneBoot(boot)
  }

  /// In the second boot PID 1 re-executes, as the upper has a machine ID.
  @Test("Each systemd finds the changes and the machine ID of the previous boot on a device", arguments: Suite.chosen, Entrance.allCases)
  func keepsChanges(suite: Suite, entrance: Entrance) async throws {
    let tree = Tree(suite).noting("echo \"id=$(cat /etc/machine-id)\"")
    // The host formats the disk, as images since Debian 13 may lack mkfs.ext4.
    let boots = try await Machine(keepingOn: .ext4(), tree).by(entrance).boots(2)
    #expect(boots.map(\.state) == ["running", "running"])
    #expect(boots.map { $0.told("boots") } == ["1", "2"])
    #expect(boots[0].told("id")?.count == 32)
    #expect(boots[0].told("id") == boots[1].told("id"))
    for boot in boots { expectOneBoot(boot) }
  }

  @Test("Each systemd reaches rescue.target on a writable root and stops there", arguments: Suite.chosen, Entrance.chosen)
  func reachesRescue(suite: Suite, entrance: Entrance) async throws {
    let boot = try await Machine(.container, Tree(suite).withWaitingShells, "preroot=tmpfs", "rescue").by(entrance).boot()
    #expect(boot.state == "maintenance")
    #expect(boot.units["rescue.target"]?.activeState == "active")
    #expect(boot.units["multi-user.target"]?.activeState != "active")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    expectOneBoot(boot)
  }

  @Test("Each systemd boots with preroot=no as if preroot were not installed", arguments: Suite.chosen)
  func isPlain(suite: Suite) async throws {
    let boot = try await Machine(.container, Tree(suite), "preroot=tmpfs", "preroot=no").boot()
    let plain = try await plainBoot(suite)
    expectSameBoot(boot, as: plain)
    #expect(!boot.isRootWritable)
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var change: @Sendable (Tree) -> Tree = { $0 }
    var words = ["preroot=tmpfs"]
    var entrance = Entrance.stageOne
    var failed = ["overlay-prep.service"]
  }

  private static let helper = "/usr/lib/preroot/overlay-prep"
  /// The ways in which a boot continues: by the helper, by each entrance; by preroot-fallback.service, and by that without a failed service.
  static let failures = [
    Failure(testDescription: "the upper has no space", words: ["preroot=tmpfs:size=4k"]),
    Failure(testDescription: "the upper has no space, and overlay-prep is PID 1", words: ["preroot=tmpfs:size=4k"], entrance: .firstProcess),
    Failure(testDescription: "the helper crashes", change: { $0.with(helper, "#!/bin/sh\nkill -SEGV $$\n", mode: 0o755) }),
    Failure(testDescription: "the helper does nothing", change: { $0.linking(helper, to: "/bin/true") }, failed: []),
  ]

  @Test("Each systemd boots read-only if the overlay fails", arguments: Suite.chosen, failures)
  func bootsReadOnly(suite: Suite, failure: Failure) async throws {
    var machine = Machine(.container, failure.change(Tree(suite))).by(failure.entrance)
    machine.words = failure.words
    let boot = try await machine.boot()
    let plain = try await plainBoot(suite)
    #expect(boot.failedUnits == (failure.failed + plain.failedUnits).sorted())
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    #expect(!boot.isRootWritable)
    #expect(boot.startupCount == 1)
  }

  @Test("Each systemd has the version that docs/testing.md documents", arguments: Suite.printed, Leg.each)
  func isDocumented(suite: Suite, leg: Leg) async throws {
    let boot = try await Machine(leg, Tree(suite), "preroot=tmpfs").sharedBoot()
    print("\(boot.machine): systemd \(boot.systemdVersion)")
    #expect(boot.console.lines.contains { $0.contains("systemd \(boot.systemdVersion) running in system mode") })
    #expect(String(boot.systemdVersion.prefix(while: \.isNumber)) == (try Self.documented[suite.name]))
  }

  @Test("docs/testing.md has a row for each systemd of the bed")
  func hasRow() throws {
    #expect(try Self.documented.keys.sorted() == Suite.all.map(\.name).sorted())
  }

  /// The major version of each release in the table.
  private static var documented: [String: String] {
    get throws {
      let text = try Checkout.text("docs/testing.md")
      let rows = text.matches(of: /(?m)^\| (?:Debian|Ubuntu)[^|]* (?<name>[a-z]+) \| (?<version>[0-9]+) \|/)
      return Dictionary(rows.map { (String($0.name), String($0.version)) }, uniquingKeysWith: { $1 })
    }
  }

  private func plainBoot(_ suite: Suite) async throws -> Boot {
    try await Machine(.container, Tree(suite, hasPreroot: false)).sharedBoot()
  }

  /// Expects one startup, in which no unit started before the root was writable, started twice, or stopped.
  private func expectOneBoot(_ boot: Boot, _ location: SourceLocation = #_sourceLocation) {
    if boot.machine.entrance == .stageOne { #expect(boot.stageOneEnd != nil, "There was no stage 1", sourceLocation: location) }
    #expect(boot.unitsBegunInStageOne == [], sourceLocation: location)
    #expect(boot.unitsStartedAgain == [], sourceLocation: location)
    #expect(boot.unitsStopped == [], sourceLocation: location)
    #expect(boot.startupCount == 1, sourceLocation: location)
    #expect(boot.consoleFailures == [], sourceLocation: location)
  }
}

extension Suite {
  /// The suites of the matrix: the oldest and the newest stable one, or those that PREROOT_SUITES names. All other tests boot Debian 12.
  static let chosen: [Suite] = {
    let names = (ProcessInfo.processInfo.environment["PREROOT_SUITES"] ?? "").split(separator: " ")
    if names.isEmpty { return [.bullseye, .trixie] }
    if names == ["all"] { return all }
    return names.map { name in
      guard let suite = all.first(where: { $0.name == name }) else { fatalError("PREROOT_SUITES: there is no '\(name)' in the bed") }
      return suite
    }
  }()

  /// Whether this run is `make check-all`.
  static let areAll = chosen.count == all.count

  /// The suites whose version this run prints.
  static let printed = chosen.contains(.bookworm) ? chosen : chosen + [.bookworm]
}

extension Leg {
  /// The legs of what `make check` boots once in a container and once under a kernel: all of them in `make check-all`.
  static let chosen = Suite.areAll ? all : each
}

extension Entrance {
  /// The entrances of what `make check` boots by one of them only: both in `make check-all`.
  static let chosen = Suite.areAll ? allCases : [.stageOne]

  /// Returns every combination with an entrance.
  static func each<First, Second>(_ first: [First], _ second: [Second]) -> [(First, Second, Entrance)] { combined(first, second, allCases) }
  static func eachChosen<First, Second>(_ first: [First], _ second: [Second]) -> [(First, Second, Entrance)] { combined(first, second, chosen) }

  private static func combined<First, Second>(_ first: [First], _ second: [Second], _ entrances: [Entrance]) -> [(First, Second, Entrance)] {
    first.flatMap { one in second.flatMap { other in entrances.map { (one, other, $0) } } }
  }
}
