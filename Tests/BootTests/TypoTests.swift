// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("A word that cannot be understood")
struct TypoTests {
  static let typos: [(words: [String], named: String)] = [
    (["preroot=tmpsf"], "tmpsf"),
    (["preroot=tmpfs", "preroot.scop=/etc"], "preroot.scop"),
    (["preroot=tmpfs:size=banana"], "banana"),
  ]

  @Test("is named in the log, and decides nothing silently", arguments: typos)
  func isNamed(words: [String], named: String) async throws {
    var machine = Machine(.kernel(.squashfs))
    machine.words = words
    let boot = try await machine.boot()
    let remarks = boot.journal.entries.filter { $0.identifier.hasPrefix("preroot") && $0.message.contains(named) }
    #expect(!remarks.isEmpty)
    #expect(remarks.allSatisfy { $0.priority <= 4 }, "A typo is a warning at least")
    #expect(boot.units["multi-user.target"]?.activeState == "active")
  }
}
