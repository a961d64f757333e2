// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("An upper that is reset")
struct UpperResetTests {
  @Test("is empty in that boot, by each of the three ways, and at no other time")
  func isReset() async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(keepingOn: disk)
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
    // Doubt is no reason.
    try await boot("preroot.reset=perhaps")
    #expect(counts == [1, 1, 2, 1, 1, 2, 3])
    // Nothing is left of the ones before.
    #expect(try await disk.names(in: "/").filter { !["lost+found", "upper", "work", "lower.id"].contains($0) } == [])
    try await disk.check()
  }
}
