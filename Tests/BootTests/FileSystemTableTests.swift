// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("A line for / in the image's /etc/fstab")
struct FileSystemTableTests {
  static let lines = ["/dev/root / ext4 ro 0 0", "/dev/ubda / auto defaults,rw 0 1"]

  @Test("is about the lower: the root stays writable, and the other lines are followed", arguments: lines)
  func isAboutTheLower(line: String) async throws {
    let table = "# / of the image\n\(line)\ntmpfs /mnt tmpfs size=4m,mode=0700,nosuid 0 0\ntmpfs /dev/shm tmpfs size=8m 0 0\n"
    let tree = Tree.lean.with("/etc/fstab", table).running("cat /etc/fstab && cmp /etc/fstab /run/initramfs/preroot/lower/etc/fstab")
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    // Mounted by the line, and by PID 1 before the line was read.
    let mount = try #require(boot.mounts["/mnt"])
    #expect(mount.options.contains("nosuid"))
    #expect(Set(mount.superOptions).isSuperset(of: ["size=4096k", "mode=700"]))
    #expect(boot.mounts["/dev/shm"]?.superOptions.contains("size=8192k") == true)
    #expect(boot.script?.status == 0)
    #expect(boot.script?.output == table)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.consoleFailures == [])
  }

  @Test("with ro is a reason to make the root writable, on a device that can be written")
  func isAReason() async throws {
    var machine = Machine(.kernel(.ext4), .lean.with("/etc/fstab", "/dev/ubda / ext4 ro 0 0\n"))
    machine.isRootDeviceReadOnly = false
    let boot = try await machine.boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(!boot.journal.entries(saying: "The root is read-only in /etc/fstab").isEmpty)
  }
}
