// SPDX-License-Identifier: MIT
import Bed
import Testing

/// Linux before 5.6 has no openat2(2), and preroot walks through paths by itself.
@Suite("Without openat2(2)")
struct OldKernelTests {
  /// `preroot.bind=/srv` goes through a link of the image.
  private static let tree = Task {
    try await Tree.lean.withoutOpenat2().without("/srv").linking("/srv", to: "/var/../var/data").with("/var/data/served", "served\n").noting("""
      echo "call=$(/usr/lib/bed/deny --ask)"
      echo "served=$(cat /srv/served 2> /dev/null)"
      echo "kept=$(cat /var/lib/kept 2> /dev/null)"
      echo "$n" > /var/lib/kept
      case $n in 2) preroot reset --keep /var/lib/kept ;; esac
      """)
  }

  @Test("An upper, a bind through a link and a reset that keeps a file succeed in a boot without openat2(2)")
  func boots() async throws {
    let disk = try Disk.blank(megabytes: 32)
    let machine = Machine(keepingOn: disk, try await Self.tree.value, "preroot.format=blank", "preroot.bind=/srv")
    let boots = try await machine.boots(3)
    for boot in boots {
      expectUpper(in: boot)
      #expect(boot.told("call") == "ENOSYS")
      #expect(boot.told("served") == "served")
      #expect(boot.mounts["/var/data"]?.fileSystem == "ext4")
    }
    // The reset took the count of boots, and kept the file.
    #expect(boots.map(\.bootsNoted) == [1, 2, 1])
    #expect(boots.map { $0.told("kept") } == ["", "1", "2"])
    try await disk.check()
  }

  @Test("A link on the upper's file system is not followed in a boot without openat2(2)", .enabled(if: Suite.areAll, "a unit test goes through this walk, too"))
  func followsNoLink() async throws {
    let disk = try await Disk.ext4(megabytes: 32)
    let machine = Machine(keepingOn: disk, try await Tree.lean.withoutOpenat2().noting("ln -sn . /run/initramfs/preroot/upper/link"))
    expectUpper(in: try await machine.boot())
    expectFallback(in: try await machine.with("preroot.dir=/link").boot(), saying: "preroot follows no symbolic link and no mount on the upper's file system")
  }
}
