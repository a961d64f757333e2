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
    try await boot()
    try await boot("preroot.reset")
    try await boot()
    try await boot("systemd.factory_reset=yes")
    try await disk.write("", to: "/reset")
    try await boot()
    try await boot()
    #expect(counts == [1, 2, 1, 2, 1, 1, 2])
    // Nothing is left of the ones before.
    #expect(try await disk.names(in: "/").filter { !["lost+found", "upper", "work", "lower.id", "attempts", "bind"].contains($0) } == [])
    try await disk.check()
  }

  @Test("is not reset by a word that is not understood")
  func isNotResetByDoubt() async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(keepingOn: disk)
    _ = try await machine.boot()
    let boot = try await machine.with("preroot.reset=perhaps").boot()
    #expect(boot.bootsNoted == 2)
    #expect(boot.remarks.contains { $0.contains("perhaps") })
  }
}
