// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Support
import Testing

/// These tests boot machines without preroot.
@Suite("The bed")
struct BedTests {
  @Test("The bed boots a plain read-only machine and gets its report", arguments: Leg.chosen, Profile.allCases)
  func bootsPlainly(leg: Leg, profile: Profile) async throws {
    let boot = try await Machine(leg, Tree(.bookworm, profile, hasPreroot: false)).sharedBoot()
    #expect(!boot.isRootWritable)
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStarted["multi-user.target"] == 1)
    #expect(boot.mounts["/"]?.isReadOnly == true)
    #expect(boot.stageOneEnd == nil)
    #expect(boot.jobs == [])
  }

  @Test("The bed shows the console of a machine that never reports")
  func givesUp() async throws {
    var tree = Tree.lean.withoutPreroot
    tree.hasProbe = false
    var machine = Machine(.kernel(.squashfs), tree)
    machine.patience = .seconds(8)
    let problem = try #require(await #expect(throws: Problem.self) { try await machine.boot() })
    #expect(problem.description.contains("Reached target"))
  }

  @Test("The bed cuts the power at a word on the console")
  func pullsThePlug() async throws {
    var machine = Machine(.kernel(.squashfs), Tree.lean.withoutPreroot)
    machine.powerCut = "systemd-journald.service"
    let console = try await machine.bootUntilPowerCut()
    #expect(!console.lines.contains { $0.contains("Power down") })
  }

  @Test("The bed reads binary fields of the journal")
  func readsBinaryFields() throws {
    let value = "two\nlines"
    var export = Data("MESSAGE_ID=1\nMESSAGE\n".utf8)
    export.append(contentsOf: [UInt8(value.utf8.count), 0, 0, 0, 0, 0, 0, 0])
    export.append(Data("\(value)\nPRIORITY=3\n\nMESSAGE=next\n\n".utf8))
    let journal = try Journal(export: export)
    #expect(journal.entries.map(\.message) == [value, "next"])
    #expect(journal.entries.map(\.priority) == [3, 6])
    #expect(journal.count(messageID: "1") == 1)
  }

  @Test("The bed strips escape sequences from the console")
  func stripsEscapes() {
    let console = Console(Data("[\u{1b}[0;32m  OK  \u{1b}[0m] Started \u{1b}]3008;start=1\u{1b}\\x.\r\n[\u{1b}[0;1;31mFAILED\u{1b}[0m] y.\n".utf8))
    #expect(console.lines == ["[  OK  ] Started x.", "[FAILED] y."])
    #expect(console.failures == ["[FAILED] y."])
  }
}
