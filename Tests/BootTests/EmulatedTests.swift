// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// These tests boot machines with another processor. They show what user-mode emulation cannot: PID 1's answers, the kernel's error
/// numbers, and its system calls.
@Suite("Other processors", .enabled(if: ProcessInfo.processInfo.environment["PREROOT_SUITES"] == "all", "The kernel takes fifteen minutes to build: make check-all"))
struct EmulatedTests {
  @Test("An emulated machine gets a writable root in memory and starts every unit once", arguments: Board.all)
  func inMemory(board: Board) async throws {
    let boot = try await Machine(.emulated(board), .noting, "preroot=tmpfs").boot()
    expectUpper("tmpfs", in: boot)
    #expect(boot.bootsNoted == 1)
    #expect(boot.remarks == [])
  }

  /// One boot would not reveal a mistaken error number or a count of attempts that is never removed: with an existing upper PID 1
  /// re-executes, and after three boots that count as failed the fourth one leaves the upper out.
  @Test("An emulated machine keeps its changes on flash in four successive boots", arguments: Board.all)
  func onFlash(board: Board) async throws {
    var machine = Machine(.emulated(board), .noting, "preroot=mtd:flash")
    machine.disks = [try await .flash()]
    let boots = try await machine.boots(4)
    for boot in boots {
      expectUpper("jffs2", in: boot)
      #expect(boot.remarks.count == 1 && boot.remarks[0].contains("JFFS2"), "\(boot.remarks)")
    }
    #expect(boots.map(\.bootsNoted) == [1, 2, 3, 4])
  }
}
