// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("Resets")
struct UpperResetTests {
  @Test("preroot.reset, systemd.factory_reset= and a mark each reset the upper once", arguments: Entrance.chosen)
  func isReset(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(keepingOn: disk).by(entrance)
    var counts: [Int?] = []
    func boot(_ words: String...) async throws {
      let boot = try await (words.first.map { machine.with($0) } ?? machine).boot()
      expectUpper(in: boot)
      counts.append(boot.bootsNoted)
    }
    try await boot()
    try await boot("preroot.reset")
    try await boot()
    try await boot("systemd.factory_reset=yes")
    try await disk.write("", to: "/reset")
    try await boot()
    try await boot()
    // An invalid value does not reset the upper.
    try await boot("preroot.reset=perhaps")
    #expect(counts == [1, 1, 2, 1, 1, 2, 3])
    // The earlier uppers are gone.
    #expect(try await disk.names(in: "/").filter { !["lost+found", "upper", "work", "lower.id"].contains($0) } == [])
    try await disk.check()
  }
}
