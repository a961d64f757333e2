// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// Another processor, from power-on to power-off. What an emulator of the processor alone cannot show: PID 1's answers, the kernel's numbers
/// of errors, and its system calls.
@Suite("Other processors")
struct EmulatedTests {
  @Test("A machine with another processor gets a writable root in memory and starts every unit once", arguments: Board.all)
  func inMemory(board: Board) async throws {
    let boot = try await Machine(.emulated(board), .noting, "preroot=tmpfs").boot()
    expectUpper("tmpfs", in: boot)
    #expect(boot.bootsNoted == 1)
    #expect(boot.remarks == [])
  }

  /// One boot finds neither an error that is taken for another one, nor a count of attempts that is never taken off: with an upper that was there
  /// before, PID 1 re-executes, and after three boots that were not seen to get through the fourth goes without it.
  @Test("A machine with another processor keeps what it writes to flash in four boots in a row", arguments: Board.all)
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
