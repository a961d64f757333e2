// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("preroot.bind=")
struct UpperBindTests {
  @Test("preroot.bind= has its directories on the upper's file system, seeded from the image once", arguments: Entrance.chosen)
  func passesThrough(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    let tree = Tree.lean.with("/home/user/seed", "of the image\n").with("/var/lib/docker/.keep", "").running("""
      exec 2>&1
      set -e
      echo again >> /home/user/times
      echo "seed=$(cat /home/user/seed)"
      echo "times=$(wc -l < /home/user/times)"
      # An overlay has no overlay for its upper: containers need this.
      cd /var/lib/docker && mkdir -p lower upper work merged && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
      touch merged/file && umount merged && echo docker=works
      rm /home/user/seed
      """)
    let boots = try await Machine(keepingOn: disk, tree, "preroot.bind=/home:/var/lib/docker").by(entrance).boots(2)
    for boot in boots {
      expectUpper(in: boot)
      #expect(boot.mounts["/home"]?.fileSystem == "ext4")
      #expect(boot.mounts["/var/lib/docker"]?.fileSystem == "ext4")
      #expect(boot.told("docker") == "works", "\(boot.script?.output ?? "")")
    }
    #expect(boots.map { $0.told("times") } == ["1", "2"])
    // preroot seeds the directory once, so a removed file does not come back.
    #expect(boots.map { $0.told("seed") } == ["of the image", ""])
    #expect(try await !disk.needsRecovery)
    #expect(try await disk.names(in: "/bind").count == 2)
  }
}
