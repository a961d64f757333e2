// SPDX-License-Identifier: MIT
import Bed
import Testing

/// These tests boot machines with another processor. They show what user-mode emulation cannot: PID 1's answers, the kernel's error
/// numbers, and its system calls.
@Suite("Other processors")
struct EmulatedTests {
  /// The kernels of the others take half an hour to build.
  private static let boards = Suite.areAll ? Board.foreign : [.malta]

  @Test("An emulated machine gets a writable root in memory and starts every unit once", arguments: boards)
  func inMemory(board: Board) async throws {
    let boot = try await Machine(.emulated(board), .noting, "preroot=tmpfs").boot()
    expectUpper("tmpfs", in: boot)
    #expect(boot.bootsNoted == 1)
    #expect(boot.remarks == [])
  }

  /// One boot would not reveal a mistaken error number or a count of attempts that is never removed: with an existing upper PID 1
  /// re-executes, and after three boots that count as failed the fourth one leaves the upper out.
  @Test("An emulated machine keeps its changes on a device in four successive boots", arguments: boards)
  func onDevice(board: Board) async throws {
    var machine = Machine(.emulated(board), .noting, board.hasFlash ? "preroot=mtd:flash" : "preroot=LABEL=data")
    machine.disks = [board.hasFlash ? try await .flash() : try await .ext4(label: "data")]
    let boots = try await machine.boots(4)
    for boot in boots {
      expectUpper(board.hasFlash ? "jffs2" : "ext4", in: boot)
      #expect(board.hasFlash ? boot.remarks.count == 1 && boot.remarks[0].contains("JFFS2") : boot.remarks == [], "\(boot.remarks)")
    }
    #expect(boots.map(\.bootsNoted) == [1, 2, 3, 4])
  }

  @Test("An emulated machine on which dpkg installs the package stages its next boot", .enabled(if: Suite.areAll, "Its kernel takes ten minutes to build: make check-all"))
  func withPackage() async throws {
    let board = Board.arm64
    let tree = Tree.noting.withoutPreroot.with(copyOf: try await DebianPackage.preroot(for: board.architecture), at: "/opt/preroot.deb").noting("""
      if [ "$n" = 1 ]; then dpkg --install /opt/preroot.deb; fi
      """)
    var machine = Machine(.emulated(board), tree, "root=/dev/vdb", "rw", "preroot=tmpfs")
    machine.disks = [try await .root(machine.tree)]
    let before = try await machine.boot()
    #expect(before.script?.status == 0, "\(before.script?.output ?? "")")
    #expect(before.mounts["/"]?.source != "preroot")
    // The changes of the first boot are in the lower layer now.
    let staged = try await machine.boot()
    expectUpper("tmpfs", in: staged)
    #expect(staged.bootsNoted == 2)
  }
}
