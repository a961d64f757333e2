// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The root is a directory of the host, which shares it with a microVM over 9p, virtiofs or NFS.
@Suite("A root that another machine shares", .enabled(if: Suite.areAll, "make check-all"))
struct SharedRootTests {
  /// What overlayfs needs of a lower: copies, directories that it renames, whiteouts, links and attributes.
  private static let tree = Tree.noting.with("/srv/lower/file", "lower\n").with("/srv/lower/deep/file", "deep\n").with("/srv/lower/gone", "gone\n").noting("""
    set -e
    [ -z "$(findmnt -no OPTIONS /run/initramfs/preroot/lower | tr , '\\n' | grep -x rw)" ]
    if [ "$n" = 1 ]; then
      echo upper >> /srv/lower/file
      mkdir /srv/renamed && mv -T /srv/lower/deep /srv/renamed/deep || { rmdir /srv/renamed; false; }
      rm /srv/lower/gone
      chmod 600 /srv/lower/file
      ln /usr/bin/env /srv/env
    fi
    echo "id=$(cat /etc/machine-id)"
    echo "file=$(tr '\\n' ' ' < /srv/lower/file)$(stat -c %a /srv/lower/file) $(cat /srv/renamed/deep/file) $(ls /srv/lower)"
    sync
    """)

  private func machine(_ share: Share, _ tree: Tree = tree, _ words: String...) -> Machine {
    var machine = Machine(.emulated(.microvm), tree)
    machine.words = words
    machine.share = share
    return machine
  }

  private func expectWork(in boot: Boot, over share: Share, _ type: String, at location: SourceLocation = #_sourceLocation) {
    expectUpper(type, in: boot, at: location)
    #expect(boot.remarks == [], "\(boot)", sourceLocation: location)
    #expect(boot.mounts["/run/initramfs/preroot/lower"]?.fileSystem == share.fileSystem, "\(boot)", sourceLocation: location)
    #expect(boot.mounts["/run/initramfs/preroot/lower"]?.isReadOnly == true, "\(boot)", sourceLocation: location)
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "") \(boot)", sourceLocation: location)
    #expect(boot.told("file") == "lower upper 600 deep file", "\(boot.script?.output ?? "") \(boot)", sourceLocation: location)
  }

  @Test("preroot=tmpfs makes a shared root writable, and nothing is written to it", arguments: Share.allCases, Entrance.allCases)
  func isWritable(share: Share, entrance: Entrance) async throws {
    let machine = machine(share, Self.tree, "preroot=tmpfs").by(entrance)
    let before = try await machine.tree.stateOnHost()
    let boot = try await machine.boot()
    expectWork(in: boot, over: share, "tmpfs")
    #expect(boot.bootsNoted == 1)
    #expect(try await machine.tree.stateOnHost() == before)
  }

  @Test("Two machines over one shared root keep their own changes, each on its own disk", arguments: Share.allCases)
  func areTwo(share: Share) async throws {
    let machine = machine(share, Self.tree, "preroot=/dev/vda", "preroot.format=blank")
    let before = try await machine.tree.stateOnHost()
    let disks = [try Disk.blank(megabytes: 64), try Disk.blank(megabytes: 64)]
    for (number, entrance) in [Entrance.stageOne, .firstProcess].enumerated() {
      let boots = try await bootTogether(disks.map { disk in
        var machine = machine.by(entrance)
        machine.disks = [disk]
        return machine
      })
      #expect(Set(boots.compactMap { $0.told("id") }).count == 2)
      for boot in boots {
        expectWork(in: boot, over: share, "ext4")
        #expect(boot.bootsNoted == number + 1)
      }
    }
    for disk in disks {
      try await disk.check()
      #expect(try await !disk.needsRecovery)
    }
    #expect(try await machine.tree.stateOnHost() == before)
  }

  @Test("preroot=tail over a shared root is refused in words", arguments: Share.allCases)
  func hasNoTail(share: Share) async throws {
    expectFallback(in: try await machine(share, .noting, "preroot=tail").boot(), saying: "tail needs a root on a block device; the root is \(share.fileSystem)")
  }
}
