// SPDX-License-Identifier: MIT
import Bed
import Support
import Testing

/// These tests use the bed's disks on machines without preroot.
@Suite("The bed's storage")
struct BedStorageTests {
  private static let tree = Tree.lean.withoutPreroot

  @Test("The bed's disks have the requested file systems and keep their contents")
  func keepsWhatIsWritten() async throws {
    let uuid = "6f1c9a3e-8a46-4d7e-9b55-0c2f1f6f2a11"
    let disk = try await Disk.ext4(label: "first", uuid: uuid)
    let partitioned = try await Disk.partitioned(partitionLabel: "second", partitionUUID: uuid)
    let tree = Self.tree.running("""
      set -ex
      exec 2>&1
      for kind in ext4:ubdb f2fs:ubdc vfat:ubdd ext4:ubde1 jffs2:mtd1; do
        mkdir /run/${kind#*:}
        mount -t ${kind%:*} $([ ${kind%:*} = jffs2 ] && echo mtd:flash || echo /dev/${kind#*:}) /run/${kind#*:}
        echo written >> /run/${kind#*:}/file
        [ $(wc -l < /run/${kind#*:}/file) = $(wc -l < /run/ubdb/file) ]
      done
      [ -b /dev/disk/by-uuid/\(uuid) ] && [ -b /dev/disk/by-partuuid/\(uuid) ]
      [ -b /dev/disk/by-label/first ] && [ -b /dev/disk/by-partlabel/second ]
      umount /run/ubdb
      """)
    var machine = Machine(.kernel(.squashfs), tree)
    machine.disks = [disk, try await .f2fs(label: "third", uuid: uuid), try await .vfat(label: "FOURTH"), partitioned, try await .flash()]
    for boot in try await machine.boots(2) { #expect(boot.script?.status == 0, "\(boot.script?.output ?? "")") }
    #expect(try await disk.text(of: "/file") == "written\nwritten\n")
    #expect(try await partitioned.text(of: "/file") == "written\nwritten\n")
    #expect(try await disk.text(of: "/no-file") == nil)
    #expect(try await disk.names(in: "/").sorted() == ["file", "lost+found"])
    #expect(try await !disk.needsRecovery)
    try await disk.write("other\n", to: "/file")
    #expect(try await disk.text(of: "/file") == "other\n")
    try await disk.check()
    try disk.corruptSuperblock()
    await #expect(throws: Problem.self) { try await disk.needsRecovery }
  }

  @Test("The bed has flash with a UBI volume")
  func hasVolumes() async throws {
    let tree = Self.tree.running("set -ex; exec 2>&1; mkdir /run/flash; mount -t ubifs ubi0:data /run/flash; echo written >> /run/flash/file; wc -l < /run/flash/file")
    var machine = Machine(.kernel(.squashfs), tree, "ubi.mtd=ubi")
    machine.disks = [try await .ubi(volume: "data")]
    #expect(try await machine.boots(2).map { $0.script?.output.suffix(2) } == ["1\n", "2\n"])
  }

  @Test("A power cut in the bed interrupts writes and leaves an intact disk")
  func survivesPowerCut() async throws {
    let disk = try await Disk.ext4()
    var machine = Machine(.kernel(.squashfs), Self.tree.running("mount /dev/ubdb /mnt && echo kept > /mnt/file && sync /mnt/file && echo 'It is synced' > /dev/console && sleep 60"))
    machine.disks = [disk]
    machine.powerCut = "It is synced" + .milliseconds(200)
    _ = try await machine.bootUntilPowerCut()
    #expect(try await disk.needsRecovery)
    try await disk.check()
  }

  @Test("The bed can plug in a disk while the machine runs")
  func comesLate() async throws {
    let tree = Self.tree.running("[ ! -e /dev/ubdc ] && echo 'Plug it in' > /dev/console && until [ -b /dev/ubdc ]; do sleep 0.1; done && blkid -s LABEL -o value /dev/ubdc")
    var machine = Machine(.kernel(.squashfs), tree)
    machine.disks = [try .blank(megabytes: 1)]
    machine.hotplug = .init(try await .ext4(label: "late"), at: "Plug it in")
    #expect(try await machine.boot().script?.output == "late\n")
  }

  @Test("The bed reboots a machine with Ctrl-Alt-Del")
  func reboots() async throws {
    var machine = Machine(.kernel(.squashfs), Self.tree.running("echo 'Press it' > /dev/console; sleep 60"))
    machine.controlAltDelete = "Press it"
    #expect(try await machine.bootUntilReboot().lines.contains { $0.contains("Reached target reboot.target") })
  }
}
