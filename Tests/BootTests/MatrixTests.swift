// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Support
import Testing

/// What differs between the versions of systemd is not to be seen. Generators run in a sandbox from 253 on, where every mount looks
/// read-only; mount(8) of Debian 13 cannot remount an overlay; the names of properties, the words of messages and the order of jobs change.
@Suite("On each systemd")
struct MatrixTests {
  @Test("a read-only image is writable, and each unit starts once", arguments: Suite.chosen, Leg.each)
  func isWritable(suite: Suite, leg: Leg) async throws {
    let boot = try await Machine(leg, Tree(suite), "preroot=tmpfs").sharedBoot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.isRootWritable)
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    expectOneBoot(boot)
    #expect(boot.units.values.filter(\.needsReload).map(\.id) == [])
  }

  @Test("a read-only image is writable by a reload, too", arguments: Suite.chosen, Leg.each)
  func isWritableByReload(suite: Suite, leg: Leg) async throws {
    let boot = try await Machine(leg, Tree(suite), "preroot=tmpfs", "preroot.switch=reload").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.hasReread)
    expectOneBoot(boot)
    #expect(boot.units.values.filter(\.needsReload).map(\.id) == [])
  }

  @Test("a root that dm-verity proves is writable", arguments: Suite.chosen)
  func isWritableWhereProven(suite: Suite) async throws {
    var machine = Machine(.kernel(.squashfs), Tree(suite))
    machine.isVerified = true
    let boot = try await machine.boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.isRootWritable)
    expectOneBoot(boot)
  }

  @Test("a line for / in fstab leaves the overlay writable", arguments: Suite.chosen, Leg.each)
  func survivesRemount(suite: Suite, leg: Leg) async throws {
    let tree = Tree(suite).with("/etc/fstab", "/dev/root / squashfs ro 0 0\n")
    let boot = try await Machine(leg, tree, "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.isReadOnly == false)
    expectOneBoot(boot)
  }

  @Test("preroot.scope=/etc:/var makes these writable and nothing else", arguments: Suite.chosen, Leg.each)
  func isWritableInPlaces(suite: Suite, leg: Leg) async throws {
    // That of Ubuntu 22.04 cannot start where / is read-only, preroot or not: systemd makes a place for its own /dev there.
    let tree = Tree(suite).linking("/etc/systemd/system/systemd-resolved.service", to: "/dev/null")
      .running("touch /etc/bed /var/bed && ! touch /usr/bed")
    let boot = try await Machine(leg, tree, "preroot=tmpfs", "preroot.scope=/etc:/var").boot()
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "The script did not run")")
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(!boot.isRootWritable)
    for directory in ["/etc", "/var"] { #expect(boot.mounts[directory]?.source == "preroot") }
    expectOneBoot(boot)
  }

  /// The second boot has the machine ID of the upper, and PID 1 is executed anew.
  @Test("what is written to a device is there in the next boot, and the machine is the same", arguments: Suite.chosen)
  func keepsChanges(suite: Suite) async throws {
    let tree = Tree(suite).noting("echo \"id=$(cat /etc/machine-id)\"")
    // Made on the host: from Debian 13 on, mkfs.ext4 is not in every image.
    let boots = try await Machine(keepingOn: .ext4(), tree).boots(2)
    #expect(boots.map(\.state) == ["running", "running"])
    #expect(boots.map { $0.told("boots") } == ["1", "2"])
    #expect(boots[0].told("id")?.count == 32)
    #expect(boots[0].told("id") == boots[1].told("id"))
    for boot in boots { expectOneBoot(boot) }
  }

  @Test("rescue is reached on a writable root, and nothing beyond", arguments: Suite.chosen)
  func reachesRescue(suite: Suite) async throws {
    let boot = try await Machine(.container, Tree(suite).withWaitingShells, "preroot=tmpfs", "rescue").boot()
    #expect(boot.state == "maintenance")
    #expect(boot.units["rescue.target"]?.activeState == "active")
    #expect(boot.units["multi-user.target"]?.activeState != "active")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    expectOneBoot(boot)
  }

  @Test("preroot=no leaves the boot that the image has without preroot", arguments: Suite.chosen)
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
    var failed = ["overlay-prep.service"]
  }

  private static let helper = "/usr/lib/preroot/overlay-prep"
  /// The three ways in which a boot goes on: by the helper, by preroot-fallback.service, and by that though no service has failed.
  static let failures = [
    Failure(testDescription: "as the upper has no space", words: ["preroot=tmpfs:size=4k"]),
    Failure(testDescription: "as the helper crashes", change: { $0.with(helper, "#!/bin/sh\nkill -SEGV $$\n", mode: 0o755) }),
    Failure(testDescription: "as the helper does nothing", change: { $0.linking(helper, to: "/bin/true") }, failed: []),
  ]

  @Test("a root that cannot be made writable stays as it is, and the boot goes on", arguments: Suite.chosen, failures)
  func bootsReadOnly(suite: Suite, failure: Failure) async throws {
    var machine = Machine(.container, failure.change(Tree(suite)))
    machine.words = failure.words
    let boot = try await machine.boot()
    let plain = try await plainBoot(suite)
    #expect(boot.failedUnits == (failure.failed + plain.failedUnits).sorted())
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    #expect(!boot.isRootWritable)
    #expect(boot.startupCount == 1)
  }

  @Test("its version is the one that docs/testing.md has", arguments: Suite.printed, Leg.each)
  func isDocumented(suite: Suite, leg: Leg) async throws {
    let boot = try await Machine(leg, Tree(suite), "preroot=tmpfs").sharedBoot()
    print("\(boot.machine): systemd \(boot.systemdVersion)")
    #expect(boot.console.lines.contains { $0.contains("systemd \(boot.systemdVersion) running in system mode") })
    #expect(String(boot.systemdVersion.prefix(while: \.isNumber)) == (try Self.documented[suite.name]))
  }

  @Test("docs/testing.md has a row for it")
  func hasRow() throws {
    #expect(try Self.documented.keys.sorted() == Suite.all.map(\.name).sorted())
  }

  /// The major version by the code name, as the rows of the table have them.
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

  /// One startup, in which nothing was started before the root was writable, or started twice, or stopped.
  private func expectOneBoot(_ boot: Boot, _ location: SourceLocation = #_sourceLocation) {
    #expect(boot.stageOneEnd != nil, "There was no stage 1", sourceLocation: location)
    #expect(boot.unitsBegunInStageOne == [], sourceLocation: location)
    #expect(boot.unitsStartedAgain == [], sourceLocation: location)
    #expect(boot.unitsStopped == [], sourceLocation: location)
    #expect(boot.startupCount == 1, sourceLocation: location)
    #expect(boot.consoleFailures == [], sourceLocation: location)
  }
}

extension Suite {
  /// The suites that the matrix is run on: the oldest and the newest stable one, or those that PREROOT_SUITES names. All other tests
  /// boot Debian 12.
  static let chosen: [Suite] = {
    let names = (ProcessInfo.processInfo.environment["PREROOT_SUITES"] ?? "").split(separator: " ")
    if names.isEmpty { return [.bullseye, .trixie] }
    if names == ["all"] { return all }
    return names.map { name in
      guard let suite = all.first(where: { $0.name == name }) else { fatalError("PREROOT_SUITES: there is no '\(name)' in the bed") }
      return suite
    }
  }()

  /// Those whose version is seen in this run.
  static let printed = chosen.contains(.bookworm) ? chosen : chosen + [.bookworm]
}
