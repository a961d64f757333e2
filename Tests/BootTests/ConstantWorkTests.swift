// SPDX-License-Identifier: MIT
import Bed
import Support
import Testing

/// Stage 1 delays everything else, so its work must not grow with the machine. Unlike times, counts are the same on a busy host.
@Suite("The work of stage 1")
struct ConstantWorkTests {
  /// The number of the helper's system calls. It varies by a few with the time at which PID 1 answers.
  private static func calls(_ machine: Machine) async throws -> Int {
    var machine = machine
    machine.tree = try await machine.tree.counting(.calls)
    let boot = try await machine.boot()
    #expect(boot.state == "running", "\(boot)")
    return try #require(boot.helperCount, "\(boot): \(boot.script?.output ?? "")")
  }

  @Test("The helper makes as many system calls with 2,000 more units in the image as with 50")
  func doesNotDependOnUnits() async throws {
    func calls(units: Int) async throws -> Int {
      var tree = Tree.lean
      for unit in 0..<units { tree = tree.with("/usr/lib/systemd/system/bench-\(unit).service", "[Service]\nType=oneshot\nExecStart=true\n") }
      return try await Self.calls(Machine(.container, tree, "preroot=tmpfs"))
    }
    let few = try await calls(units: 50), many = try await calls(units: 2000)
    print("system calls of the helper: \(few) with 50 units, \(many) with 2,000")
    #expect(many <= 2 * few)
  }

  @Test("The helper makes as many system calls with 100,000 files on the upper as with 10")
  func doesNotDependOnFiles() async throws {
    func calls(files: Int) async throws -> Int {
      let disk = try await Disk.ext4(megabytes: 2048)
      // Each file needs an inode, and there is one for every 16 KiB. This boot creates the files, and is the upper's first boot.
      var machine = Machine(.kernel(.squashfs), Tree.lean.running("mkdir /var/files && cd /var/files && seq \(files) | xargs touch && sync"), "preroot=/dev/ubdb")
      machine.disks = [disk]
      machine.patience = .seconds(180)
      let boot = try await machine.boot()
      #expect(boot.script?.status == 0, "\(boot.script?.output ?? "")")
      machine.tree = .lean
      return try await Self.calls(machine)
    }
    let few = try await calls(files: 10), many = try await calls(files: 100_000)
    print("system calls of the helper: \(few) with 10 files, \(many) with 100,000")
    // The helper polls while fsck runs.
    #expect(many <= 2 * few)
  }

  @Test("The helper makes as many system calls with 2,000 mounts in /etc/fstab as with one")
  func doesNotDependOnMounts() async throws {
    func calls(mounts: Int) async throws -> Int {
      let lines = (0..<mounts).map { "tmpfs /mnt/\($0) tmpfs noauto 0 0\n" }.joined()
      return try await Self.calls(Machine(.container, Tree.lean.with("/etc/fstab", lines), "preroot=tmpfs"))
    }
    let few = try await calls(mounts: 1), many = try await calls(mounts: 2000)
    print("system calls of the helper: \(few) with 1 mount, \(many) with 2,000")
    #expect(many <= 2 * few)
  }

  @Test("The helper stays within its instruction budget", arguments: Entrance.allCases)
  func staysWithinBudget(entrance: Entrance) async throws {
    let boot = try await Machine(.container, try await Tree.lean.counting(.instructions), "preroot=tmpfs").by(entrance).boot()
    #expect(boot.state == "running", "\(boot)")
    let count = try #require(boot.helperCount, "\(boot): \(boot.script?.output ?? "")")
    print("instructions of the helper by \(entrance): \(count)")
    #expect(count <= 2_200_000)
  }
}
