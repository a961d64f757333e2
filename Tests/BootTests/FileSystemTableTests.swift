// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("A line for / in /etc/fstab")
struct FileSystemTableTests {
  static let lines = ["/dev/root / ext4 ro 0 0", "/dev/ubda / auto defaults,rw 0 1"]

  @Test("A line for / in /etc/fstab leaves the overlay writable, and other lines take effect", arguments: lines, Entrance.chosen)
  func isAboutTheLower(line: String, entrance: Entrance) async throws {
    let table = "# / of the image\n\(line)\ntmpfs /mnt tmpfs size=4m,mode=0700,nosuid 0 0\ntmpfs /dev/shm tmpfs size=8m 0 0\n"
    let tree = Tree.lean.with("/etc/fstab", table).running("cat /etc/fstab && cmp /etc/fstab /run/initramfs/preroot/lower/etc/fstab")
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").by(entrance).boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    // The line mounts /mnt. PID 1 mounted /dev/shm before it read its line.
    let mount = try #require(boot.mounts["/mnt"])
    #expect(mount.options.contains("nosuid"))
    #expect(Set(mount.superOptions).isSuperset(of: ["size=4096k", "mode=700"]))
    #expect(boot.mounts["/dev/shm"]?.superOptions.contains("size=8192k") == true)
    #expect(boot.script?.status == 0)
    #expect(boot.script?.output == table)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.consoleFailures == [])
  }

  @Test("A directory of Scope= that /etc/fstab mounts is left out, and its file system mounted", arguments: Entrance.chosen)
  func leavesOutWhatIsMounted(entrance: Entrance) async throws {
    let tree = Tree.lean.with("/etc/fstab", "tmpfs /mnt tmpfs size=4m 0 0\n")
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot.scope=/etc:/var:/mnt").by(entrance).boot()
    #expect(boot.mounts["/etc"]?.source == "preroot")
    #expect(boot.mounts["/var"]?.source == "preroot")
    #expect(boot.mounts["/mnt"]?.superOptions.contains("size=4096k") == true)
    let errors = boot.journal.entries(of: "overlay-prep.service").filter { $0.identifier == "preroot" && $0.priority <= 3 }.map(\.message)
    #expect(errors.contains("Scope=/mnt is left out: /etc/fstab mounts tmpfs there; remove it from one of the two"), "\(errors)")
  }

  @Test("x-systemd.growfs and a swap file on the overlay fail no unit", arguments: Entrance.chosen)
  func isAboutWhatAnOverlayCannotDo(entrance: Entrance) async throws {
    let table = "/dev/root / ext4 ro,x-systemd.growfs 0 0\n/swapfile none swap sw 0 0\n"
    let tree = Tree.lean.with("/etc/fstab", table).with("/swapfile", String(repeating: "0", count: 65536), mode: 0o600)
      .running("test -e /swapfile && test ! -e /run/initramfs/preroot/upper/upper/swapfile && systemctl is-enabled swapfile.swap")
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").by(entrance).boot()
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.script?.output == "masked-runtime\n" || boot.script?.output == "masked\n", "\(String(describing: boot.script))")
    #expect(boot.consoleFailures == [])
  }

  @Test("A line for / with ro in /etc/fstab has the root made writable")
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
