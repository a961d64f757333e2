// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The root's device is a mapped one, and read-only for good.
@Suite("A root that dm-verity proves")
struct VerityTests {
  @Test("is made writable unasked, with the image still proven below", arguments: [ImageKind.squashfs, .ext4])
  func isWritable(kind: ImageKind) async throws {
    // What systemd asks where it wants to know the device of the root.
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
