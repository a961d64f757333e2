// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The root is a directory of the host, as with NFS, virtiofs or 9p: there is no block device below it.
@Suite("A root that is not on a block device")
struct RemoteRootTests {
  private func machine(_ tree: Tree, _ words: String...) async throws -> Machine {
    var machine = Machine(.kernel(.squashfs), tree)
    machine.words = try await tree.wordsOfHostRoot() + words
    return machine
  }

  @Test("preroot=tmpfs makes a root on the host's file system writable", arguments: Entrance.chosen)
  func isWritable(entrance: Entrance) async throws {
    let tree = Tree.noting
    let boot = try await machine(tree, "preroot=tmpfs").by(entrance).boot()
    expectUpper("tmpfs", in: boot)
    #expect(boot.remarks == [])
    #expect(boot.mounts["/run/initramfs/preroot/lower"]?.fileSystem == "hostfs")
    #expect(boot.mounts["/run/initramfs/preroot/lower"]?.isReadOnly == true)
    #expect(boot.bootsNoted == 1)
    #expect(try await !tree.hasFileOnHost("/var/lib/boots"), "It wrote to the host")
  }

  @Test("A root on the host's file system is left alone without a request", .enabled(if: Suite.areAll, "make check-all"))
  func isLeftAlone() async throws {
    let boot = try await machine(.lean).boot()
    #expect(boot.mounts["/"]?.fileSystem == "hostfs")
    #expect(boot.mounts["/"]?.source != "preroot")
  }

  @Test("An upper on a disk over a root on the host's file system knows its image by IMAGE_VERSION=", .enabled(if: Suite.areAll, "make check-all"))
  func isKept() async throws {
    let disk = try Disk.blank(megabytes: 64)
    var boots: [Boot] = []
    for release in ["1", "1", "2"] {
      var machine = try await machine(.noting.release(release), "preroot=/dev/ubdb", "preroot.format=blank")
      machine.disks = [disk]
      boots.append(try await machine.boot())
    }
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2, 3])
    #expect(boots.map(\.remarks.count) == [0, 0, 1])
    try await disk.check()
  }

  @Test("preroot=tail over a root on the host's file system is refused at once", .enabled(if: Suite.areAll, "make check-all"))
  func hasNoTail() async throws {
    expectFallback(in: try await machine(.noting, "preroot=tail").boot(), saying: "tail needs a root on a block device; the root is hostfs")
  }
}
