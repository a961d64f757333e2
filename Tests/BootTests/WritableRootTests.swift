// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The promise of preroot, on every kind of root it is for: one boot, in which every unit starts once, on a writable root.
@Suite("A read-only image with preroot=tmpfs")
struct WritableRootTests {
  private func boot(_ leg: Leg) async throws -> Boot {
    try await Machine(leg, .lean, "preroot=tmpfs").sharedBoot()
  }

  @Test("is running in the end, with no failed unit", arguments: Leg.all)
  func isRunning(leg: Leg) async throws {
    let boot = try await boot(leg)
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
  }

  @Test("has an overlay for a root, and it can be written", arguments: Leg.all)
  func isWritable(leg: Leg) async throws {
    let boot = try await boot(leg)
    let root = try #require(boot.mounts["/"])
    #expect(root.fileSystem == "overlay")
    #expect(root.source == "preroot")
    #expect(!root.isReadOnly)
    #expect(boot.isRootWritable)
    #expect(boot.file("preroot/ready") != nil)
  }

  @Test("starts every unit exactly once, and stops none", arguments: Leg.all)
  func startsUnitsOnce(leg: Leg) async throws {
    let boot = try await boot(leg)
    #expect(boot.unitsStarted["multi-user.target"] == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsStopped == [])
    #expect(boot.units.values.filter { $0.restarts > 0 }.map(\.id) == [])
  }

  @Test("starts nothing but overlay-prep before the root is writable", arguments: Leg.all)
  func startsNothingInStageOne(leg: Leg) async throws {
    let boot = try await boot(leg)
    try #require(boot.stageOneEnd != nil, "There was no stage 1")
    #expect(boot.unitsBegunInStageOne == [])
  }

  @Test("reports one startup as finished", arguments: Leg.all)
  func finishesOnce(leg: Leg) async throws {
    #expect(try await boot(leg).startupCount == 1)
  }

  @Test("has no mount that a plain boot has not, but the overlay and its two layers", arguments: Leg.all)
  func mountsNothingElse(leg: Leg) async throws {
    let boot = try await boot(leg)
    let plain = try await Machine(leg, Tree.lean.withoutPreroot).sharedBoot()
    let (added, missing) = boot.mounts.difference(from: plain.mounts)
    #expect(added.map(\.mountPoint).filter { !(["/", "/run/initramfs/preroot/lower", "/run/initramfs/preroot/upper"] + leg.ownMounts).contains($0) } == [])
    // The ID of this boot is a file of the overlay, so nothing has to lie over it.
    #expect(missing.map(\.mountPoint).filter { !(["/", "/etc/machine-id"] + leg.ownMounts).contains($0) } == [])
    #expect(boot.mounts.stacked == plain.mounts.stacked)
    #expect(boot.mounts.unshared.map(\.mountPoint) == [])
  }

  @Test("keeps the lower layer in sight, read-only", arguments: Leg.all)
  func showsItsLayers(leg: Leg) async throws {
    let lower = try #require(try await boot(leg).mounts["/run/initramfs/preroot/lower"])
    #expect(lower.isReadOnly)
    #expect(lower.fileSystem == (leg.rootType ?? lower.fileSystem))
  }

  @Test("says FAILED nowhere on the console, to the very power-off", arguments: Leg.all)
  func failsNowhere(leg: Leg) async throws {
    #expect(try await boot(leg).consoleFailures == [])
  }

  @Test("needs no unit to be loaded anew at the end", arguments: Leg.all)
  func isLoadedInFull(leg: Leg) async throws {
    #expect(try await boot(leg).units.values.filter(\.needsReload).map(\.id) == [])
  }
}

@Suite("The journal of a boot with preroot")
struct JournalTests {
  private func journal(_ leg: Leg) async throws -> Journal {
    try await Machine(leg, .lean, "preroot=tmpfs").sharedBoot().journal
  }

  @Test("tells the story under overlay-prep.service", arguments: Leg.all)
  func tellsByUnit(leg: Leg) async throws {
    let story = try await journal(leg).entries(of: "overlay-prep.service").filter { $0["MESSAGE_ID"] != nil && $0["PREROOT_STAGE"] != nil }
    let writable = try #require(story.first { $0["PREROOT_MODE"] != nil })
    #expect(writable["OBJECT_SYSTEMD_UNIT"] == "overlay-prep.service")
    #expect(writable["PREROOT_MODE"] == "overlay")
    #expect(writable["PREROOT_UPPER"]?.hasPrefix("tmpfs") == true)
    #expect(writable["PREROOT_SCOPE"] == "/")
    #expect(story.contains { $0["PREROOT_STEP"] != nil && $0["PREROOT_USEC"] != nil }, "No step tells how long it took")
  }

  @Test("tells the story by the identifier preroot", arguments: Leg.all)
  func tellsByIdentifier(leg: Leg) async throws {
    #expect(try await journal(leg).entries(by: "preroot").contains { $0.message.contains("writable") })
  }

  @Test("has no error of preroot's", arguments: Leg.all)
  func hasNoError(leg: Leg) async throws {
    let entries = try await journal(leg).entries(by: "preroot") + journal(leg).entries(by: "preroot-generator")
    #expect(entries.filter { $0.priority <= 4 }.map(\.message) == [])
  }
}

extension Leg {
  /// The mounts that come with a container and that no machine has: its /tmp belongs to the old root, the way for mounts from the host
  /// becomes one to the container's own, too.
  var ownMounts: [String] { self == .container ? ["/tmp", "/run/host/incoming"] : [] }

  /// The type of the read-only root as the kernel calls it; a container has the host's.
  var rootType: String? {
    switch self {
    case .container: nil
    case .kernel(let kind, _): kind.rawValue
    }
  }
}
