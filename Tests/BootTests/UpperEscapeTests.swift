// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("Uppers that no boot succeeds with")
struct UpperEscapeTests {
  @Test("An upper is left out of one boot after preroot.attempts= failed boots, and then tried again", arguments: Entrance.chosen)
  func isLeftOut(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(keepingOn: disk, .noting, "preroot.attempts=2").by(entrance)
    expectUpper(in: try await machine.boot())
    #expect(try await ["", "0"].contains(disk.text(of: "/attempts")?.trimmed ?? ""))

    var interrupted = machine
    interrupted.powerCut = "Reached target basic.target"
    for attempt in 1...2 {
      _ = try await interrupted.bootUntilPowerCut()
      #expect(try await disk.text(of: "/attempts")?.trimmed == "\(attempt)")
    }
    let boot = try await machine.boot()
    expectFallback(in: boot, saying: "2 boots in a row")
    #expect(boot.bootsNoted == 1)

    // preroot-settle.service needs no program except the helper.
    let again = try await machine.with(Tree.noting.without("/usr/bin/readlink").without("/usr/bin/rm")).boot()
    #expect(try await ["", "0"].contains(disk.text(of: "/attempts")?.trimmed ?? ""))
    expectUpper(in: again)
    #expect(again.bootsNoted == 2)
  }
}
