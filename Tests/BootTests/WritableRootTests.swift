// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The main promise of preroot, for every kind of root: in one boot, each unit starts once, on a writable root.
@Suite("preroot=tmpfs")
struct WritableRootTests {
  private func boot(_ leg: Leg) async throws -> Boot {
    try await Machine(leg, .lean, "preroot=tmpfs").sharedBoot()
  }

  @Test("preroot=tmpfs boots to the state running without a failed unit", arguments: Leg.all)
  func isRunning(leg: Leg) async throws {
    let boot = try await boot(leg)
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
  }

  @Test("preroot=tmpfs mounts a writable overlay as root", arguments: Leg.all)
  func isWritable(leg: Leg) async throws {
    let boot = try await boot(leg)
    let root = try #require(boot.mounts["/"])
    #expect(root.fileSystem == "overlay")
    #expect(root.source == "preroot")
    #expect(!root.isReadOnly)
    #expect(boot.isRootWritable)
    #expect(boot.file("preroot/ready") != nil)
  }

  @Test("preroot=tmpfs starts every unit exactly once and stops none", arguments: Leg.all)
  func startsUnitsOnce(leg: Leg) async throws {
    let boot = try await boot(leg)
    #expect(boot.unitsStarted["multi-user.target"] == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsStopped == [])
    #expect(boot.units.values.filter { $0.restarts > 0 }.map(\.id) == [])
  }

  @Test("preroot=tmpfs starts only overlay-prep before the root is writable", arguments: Leg.all)
  func startsNothingInStageOne(leg: Leg) async throws {
    let boot = try await boot(leg)
    try #require(boot.stageOneEnd != nil, "There was no stage 1")
    #expect(boot.unitsBegunInStageOne == [])
  }

  @Test("preroot=tmpfs reports one finished startup", arguments: Leg.all)
  func finishesOnce(leg: Leg) async throws {
    #expect(try await boot(leg).startupCount == 1)
  }

  @Test("preroot=tmpfs adds no mounts except the overlay and its layers", arguments: Leg.all)
  func mountsNothingElse(leg: Leg) async throws {
    let boot = try await boot(leg)
    let plain = try await Machine(leg, Tree.lean.withoutPreroot).sharedBoot()
    let (added, missing) = boot.mounts.difference(from: plain.mounts)
    #expect(added.map(\.mountPoint).filter { !(["/", "/run/initramfs/preroot/lower", "/run/initramfs/preroot/upper"] + leg.ownMounts).contains($0) } == [])
    // The machine ID of this boot is a file on the overlay, so it needs no mount.
    #expect(missing.map(\.mountPoint).filter { !(["/", "/etc/machine-id"] + leg.ownMounts).contains($0) } == [])
    #expect(boot.mounts.stacked == plain.mounts.stacked)
    #expect(boot.mounts.unshared.map(\.mountPoint) == [])
  }

  @Test("preroot=tmpfs shows the read-only lower", arguments: Leg.all)
  func showsItsLayers(leg: Leg) async throws {
    let lower = try #require(try await boot(leg).mounts["/run/initramfs/preroot/lower"])
    #expect(lower.isReadOnly)
    #expect(lower.fileSystem == (leg.rootType ?? lower.fileSystem))
  }

  @Test("preroot=tmpfs prints no FAILED on the console until power-off", arguments: Leg.all)
  func failsNowhere(leg: Leg) async throws {
    #expect(try await boot(leg).consoleFailures == [])
  }

  @Test("preroot=tmpfs leaves no unit that needs another reload", arguments: Leg.all)
  func isLoadedInFull(leg: Leg) async throws {
    let boot = try await boot(leg)
    #expect(boot.units.values.filter(\.needsReload).map { "\($0.id) of \($0.properties["FragmentPath"] ?? "") \($0.properties["DropInPaths"] ?? "")" } == [])
  }
}

@Suite("The journal")
struct JournalTests {
  private func journal(_ leg: Leg) async throws -> Journal {
    try await Machine(leg, .lean, "preroot=tmpfs").sharedBoot().journal
  }

  @Test("The journal has the steps of stage 1 under overlay-prep.service", arguments: Leg.all)
  func tellsByUnit(leg: Leg) async throws {
    let story = try await journal(leg).entries(of: "overlay-prep.service").filter { $0["MESSAGE_ID"] != nil && $0["PREROOT_STAGE"] != nil }
    let writable = try #require(story.first { $0["PREROOT_MODE"] != nil })
    #expect(writable["OBJECT_SYSTEMD_UNIT"] == "overlay-prep.service")
    #expect(writable["PREROOT_MODE"] == "overlay")
    #expect(writable["PREROOT_UPPER"]?.hasPrefix("tmpfs") == true)
    #expect(writable["PREROOT_SCOPE"] == "/")
    #expect(story.contains { $0["PREROOT_STEP"] != nil && $0["PREROOT_USEC"] != nil }, "No step has its duration")
  }

  @Test("The journal has the result under the identifier preroot", arguments: Leg.all)
  func tellsByIdentifier(leg: Leg) async throws {
    #expect(try await journal(leg).entries(by: "preroot").contains { $0.message.contains("writable") })
  }

  @Test("The journal has no warning of preroot after a good boot", arguments: Leg.all)
  func hasNoError(leg: Leg) async throws {
    let entries = try await journal(leg).entries(by: "preroot") + journal(leg).entries(by: "preroot-generator")
    #expect(entries.filter { $0.priority <= 4 }.map(\.message) == [])
  }
}

extension Leg {
  /// Mounts of a container that may differ: its /tmp belongs to the old root, and /run/host/incoming, through which the host mounts, is
  /// shared with the container's own mounts.
  var ownMounts: [String] { self == .container ? ["/tmp", "/run/host/incoming"] : [] }

  /// The file system type of the read-only root. In a container it is that of the host.
  var rootType: String? {
    switch self {
    case .container, .emulated: nil
    case .kernel(let kind): kind.rawValue
    }
  }
}
