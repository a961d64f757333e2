// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("Typing errors")
struct TypoTests {
  static let typos: [(words: [String], named: String)] = [
    (["preroot=tmpsf"], "tmpsf"),
    (["preroot=tmpfs", "preroot.scop=/etc"], "preroot.scop"),
    (["preroot=tmpfs:size=banana"], "banana"),
  ]

  @Test("preroot status exits with 1 if an invalid preroot= leaves a writable root alone", arguments: ["preroot=LABEL=", "preroot="])
  func isNoSuccess(word: String) async throws {
    var machine = Machine(.kernel(.ext4), .lean.running("preroot status"), word)
    machine.isRootDeviceReadOnly = false
    let boot = try await machine.boot()
    #expect(boot.script?.status == 1)
    #expect(boot.script?.output.contains("' does not say whether to make the root writable") == true, "\(String(describing: boot.script))")
    #expect(boot.mounts["/"]?.fileSystem == "ext4")
  }

  @Test("PREROOT_ROOT= on the kernel command line does not affect the boot")
  func isNotTheRoot() async throws {
    let boot = try await Machine(.kernel(.squashfs), .lean, "preroot=tmpfs", "PREROOT_ROOT=/var/empty").boot()
    #expect(boot.state == "running")
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.isRootWritable)
  }

  @Test("A typing error is at least a warning, and the machine boots", arguments: typos)
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
