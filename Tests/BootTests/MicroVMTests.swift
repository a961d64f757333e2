// SPDX-License-Identifier: MIT
import Bed
import Testing

/// QEMU's microVM is what Firecracker's is: no PCI, disks of virtio-mmio, no initramfs.
@Suite("MicroVMs")
struct MicroVMTests {
  @Test("A microVM gets a writable root in memory", arguments: Entrance.chosen)
  func inMemory(entrance: Entrance) async throws {
    let boot = try await Machine(.emulated(.microvm), .noting, "preroot=tmpfs").by(entrance).boot()
    expectUpper("tmpfs", in: boot)
    #expect(boot.bootsNoted == 1)
    #expect(boot.remarks == [])
  }

  @Test("A microVM keeps its changes on a disk, whichever entrance it takes")
  func onDisk() async throws {
    let disk = try await Disk.ext4()
    var machine = Machine(.emulated(.microvm), .noting, "preroot=/dev/vdb")
    machine.disks = [disk]
    for (number, entrance) in [Entrance.stageOne, .firstProcess].enumerated() {
      let boot = try await machine.by(entrance).boot()
      expectUpper("ext4", in: boot)
      #expect(boot.bootsNoted == number + 1)
      #expect(boot.remarks == [])
    }
    try await disk.check()
    #expect(try await !disk.needsRecovery)
  }

  @Test("A PC gets a writable root in memory, with the same kernel", .enabled(if: Suite.areAll, "make check-all"))
  func onPC() async throws {
    let boot = try await Machine(.emulated(.q35), .noting, "preroot=tmpfs").boot()
    expectUpper("tmpfs", in: boot)
    #expect(boot.remarks == [])
  }
}
