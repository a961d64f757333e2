// SPDX-License-Identifier: MIT
import Bed
import Testing

/// QEMU's microVM has what Firecracker's has: disks of virtio-mmio, no PCI, no initramfs.
@Suite("MicroVMs", .enabled(if: Suite.areAll, "make check-all"))
struct MicroVMTests {
  /// docs/recipes.md has these words.
  private static let words = ["preroot=/dev/vdb", "preroot.format=blank"]
  /// A machine that writes down which one it is, in its first boot.
  private static let tree = Tree.noting.noting("""
    [ "$n" != 1 ] || sed -n 's/.*bed\\.name=\\([a-z]*\\).*/\\1/p' /proc/cmdline > /etc/name
    echo "name=$(cat /etc/name)"
    echo "id=$(cat /etc/machine-id)"
    """)

  @Test("Two microVMs at once on one image keep their changes, each on its own disk, with either entrance")
  func shareImage() async throws {
    let names = ["one", "two"]
    let disks = [try Disk.blank(megabytes: 64), try Disk.blank(megabytes: 64)]
    var ids: [[String?]] = []
    for (number, entrance) in [Entrance.firstProcess, .stageOne].enumerated() {
      let boots = try await bootTogether(zip(names, disks).map { name, disk in
        var machine = Machine(.emulated(.microvm), Self.tree).by(entrance)
        machine.words = Self.words + (number == 0 ? ["bed.name=\(name)"] : [])
        machine.disks = [disk]
        return machine
      })
      for (name, boot) in zip(names, boots) {
        expectUpper("ext4", in: boot)
        #expect(boot.remarks == [], "\(boot)")
        #expect(boot.bootsNoted == number + 1, "\(boot)")
        #expect(boot.told("name") == name, "\(boot)")
      }
      ids.append(boots.map { $0.told("id") })
    }
    #expect(ids[0] == ids[1])
    #expect(ids[0][0] != ids[0][1])
    for disk in disks {
      try await disk.check()
      #expect(try await !disk.needsRecovery)
    }
  }

  @Test("A microVM gets a writable root in memory", arguments: Entrance.allCases)
  func inMemory(entrance: Entrance) async throws {
    let boot = try await Machine(.emulated(.microvm), .noting, "preroot=tmpfs:size=128m").by(entrance).boot()
    expectUpper("tmpfs", in: boot)
    #expect(boot.bootsNoted == 1)
    #expect(boot.remarks == [])
  }

  @Test("A PC with PCI gets a writable root, with the same kernel", arguments: Entrance.allCases)
  func onPC(entrance: Entrance) async throws {
    var machine = Machine(.emulated(.q35), .noting, "preroot=/dev/vdb").by(entrance)
    machine.disks = [try await .ext4()]
    let boot = try await machine.boot()
    expectUpper("ext4", in: boot)
    #expect(boot.remarks == [])
  }
}

/// Boots machines at the same time, and returns their boots in the same order.
func bootTogether(_ machines: [Machine]) async throws -> [Boot] {
  try await withThrowingTaskGroup(of: (Int, Boot).self) { group in
    for (number, machine) in machines.enumerated() { group.addTask { (number, try await machine.boot()) } }
    return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }.sorted { $0.key < $1.key }.map(\.value)
  }
}
