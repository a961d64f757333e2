// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// Encrypted uppers with other releases than Debian 12. Since Debian 13, systemd-cryptsetup is a package of its own: an image can have it, cryptsetup,
/// both or neither.
@Suite("preroot.crypt= on other releases")
struct CryptReleaseTests {
  private static let releases = Suite.all.filter { $0 != .bookworm }

  enum Programs: String, CaseIterable, Sendable {
    case both, onlySystemd = "only systemd-cryptsetup", onlyCryptsetup = "only cryptsetup", neither
  }

  private static func tree(_ suite: Suite, having programs: Programs) -> Tree {
    let tree = CryptTests.withKey(Tree(suite).with(packages: ["cryptsetup-bin", "e2fsprogs"] + ([.trixie, .sid].contains(suite) ? ["systemd-cryptsetup"] : []))).noting("")
    let hasSystemd = programs == .both || programs == .onlySystemd, hasCryptsetup = programs == .both || programs == .onlyCryptsetup
    return [(hasSystemd, "/usr/lib/systemd/systemd-cryptsetup"), (hasSystemd, "/usr/bin/systemd-cryptsetup"), (hasCryptsetup, "/usr/sbin/cryptsetup")]
      .reduce(tree) { $1.0 ? $0 : $0.without($1.1) }
  }

  /// Expects an upper, opened at the first attempt: with both programs, a failure of the first one would only be a notice.
  private func expectOpened(_ boot: Boot, _ boots: Int, at location: SourceLocation = #_sourceLocation) {
    expectUpper(in: boot, at: location)
    #expect(boot.bootsNoted == boots, "\(boot)", sourceLocation: location)
    // An image without one of the programs is a new image.
    #expect(boot.remarks.filter { !$0.contains("made over a different image") } == [], "\(boot)", sourceLocation: location)
    #expect(!boot.journal.entries(by: "preroot").contains { $0.message.contains("cryptsetup") && !$0.message.contains("mounts") && $0.message.contains("exited") }, "\(boot)", sourceLocation: location)
  }

  @Test("Debian 13 encrypts with a key of the boot by its systemd-cryptsetup")
  func forgetsOnDebian13() async throws {
    expectOpened(try await Machine(keepingOn: .blank(megabytes: 64), Self.tree(.trixie, having: .onlySystemd), "preroot.crypt=random", "preroot.format=blank").boot(), 1)
  }

  @Test("Each release encrypts with a key of the boot by either program", .enabled(if: Suite.areAll, "make check-all"), arguments: releases, [Programs.onlySystemd, .onlyCryptsetup])
  func forgets(suite: Suite, programs: Programs) async throws {
    let disk = try Disk.blank(megabytes: 64)
    for _ in 1...2 { expectOpened(try await Machine(keepingOn: disk, Self.tree(suite, having: programs), "preroot.crypt=random", "preroot.format=blank").boot(), 1) }
  }

  @Test("Each release makes a LUKS header, and opens it by either program", .enabled(if: Suite.areAll, "make check-all"), arguments: releases, [CryptTests.key, "auto"])
  func keeps(suite: Suite, crypt: String) async throws {
    let disk = try Disk.blank(megabytes: 96)
    func machine(_ programs: Programs, _ crypt: String) -> Machine { Machine(keepingOn: disk, Self.tree(suite, having: programs), "preroot.crypt=\(crypt)", "preroot.format=blank") }
    for (number, programs) in [Programs.both, .both, .onlySystemd, .onlyCryptsetup].enumerated() { expectOpened(try await machine(programs, crypt).boot(), number + 1) }
    // Nothing waits for a person, and the device stays as it is.
    let checksum = try await disk.checksum
    for programs in [Programs.both, .onlySystemd] {
      expectFallback(in: try await machine(programs, crypt == "auto" ? CryptTests.key : "auto").boot(), saying: programs == .both ? "cryptsetup exited with status" : "systemd-cryptsetup exited with status")
    }
    expectFallback(in: try await machine(.neither, crypt).boot(), saying: "neither systemd-cryptsetup nor cryptsetup is in the image")
    #expect(try await disk.checksum == checksum)
  }
}
