// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The root is on a mapped device that is always read-only.
@Suite("dm-verity")
struct VerityTests {
  @Test("A dm-verity root becomes writable without a request", arguments: [ImageKind.squashfs, .ext4])
  func isWritable(kind: ImageKind) async throws {
    // systemd reads this link to find the root's device.
    var machine = Machine(.kernel(kind), Tree.lean.running("[ $(readlink -f /run/systemd/volatile-root) = /dev/dm-0 ]"))
    machine.isVerified = true
    let boot = try await machine.boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "The script did not run")")
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/run/initramfs/preroot/lower"]?.fileSystem == kind.rawValue)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.unitsStopped == [])
    #expect(boot.startupCount == 1)
    #expect(boot.consoleFailures == [])
  }
}
