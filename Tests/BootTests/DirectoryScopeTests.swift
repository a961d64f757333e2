// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("preroot.scope=/etc:/var")
struct DirectoryScopeTests {
  @Test("preroot.scope=/etc:/var makes only these directories writable, in one startup", arguments: Leg.chosen, Entrance.chosen)
  func isWritableInPlaces(leg: Leg, entrance: Entrance) async throws {
    let tree = Tree.lean.running("touch /etc/bed /var/bed && ! touch /usr/bed")
    let boot = try await Machine(leg, tree, "preroot=tmpfs", "preroot.scope=/etc:/var").by(entrance).boot()
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "The script did not run")")
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(!boot.isRootWritable)
    #expect(boot.mounts["/"]?.fileSystem == leg.rootType ?? boot.mounts["/"]?.fileSystem)
    for directory in ["/etc", "/var"] {
      #expect(boot.mounts[directory]?.fileSystem == "overlay")
      #expect(boot.mounts[directory]?.source == "preroot")
    }
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsBegunInStageOne == [])
    #expect(boot.startupCount == 1)
    #expect(boot.consoleFailures == [])
    let plain = try await Machine(leg, Tree.lean.withoutPreroot).sharedBoot()
    let (added, missing) = boot.mounts.difference(from: plain.mounts)
    #expect(added.map(\.mountPoint).filter { !(["/etc", "/var", "/run/initramfs/preroot/lower", "/run/initramfs/preroot/upper"] + leg.ownMounts).contains($0) } == [])
    // The machine ID of this boot is a file on the overlay.
    #expect(missing.map(\.mountPoint).filter { !(["/etc/machine-id"] + leg.ownMounts).contains($0) } == [])
    #expect(boot.mounts.stacked == plain.mounts.stacked)
  }
}
