// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// Uppers that a TPM 2.0 opens, which systemd-cryptenroll has given a key to. The PC's TPM is emulated; its kernel and systemd are real.
@Suite("preroot.crypt=auto with a TPM2", .enabled(if: Suite.areAll, "make check-all"))
struct TpmTests {
  /// What systemd-cryptsetup loads when it needs it, and what makes the header.
  private static func tree(_ suite: Suite) -> Tree {
    let libraries = suite == .bookworm ? ["libtss2-esys-3.0.2-0", "libtss2-rc0", "libtss2-tcti-device0"]
      : ["e2fsprogs", "systemd-cryptsetup", "libtss2-esys-3.0.2-0t64", "libtss2-rc0t64", "libtss2-tcti-device0t64"]
    return Tree(suite).with(packages: ["cryptsetup-bin"] + libraries).noting("""
      case " $(< /proc/cmdline) " in *" bed.enroll "*)
        PASSWORD= systemd-cryptenroll --tpm2-device=auto /dev/vdb && systemd-cryptenroll --wipe-slot=password /dev/vdb ;;
      esac
      """)
  }

  private static func machine(_ suite: Suite, _ disk: Disk) throws -> Machine {
    var machine = Machine(.emulated(.q35), tree(suite), "preroot=/dev/vdb", "preroot.crypt=auto", "preroot.format=blank")
    machine.disks = [disk]
    machine.tpm = try Tpm()
    return machine
  }

  @Test("A TPM2 opens the upper, and nothing else does", arguments: [Suite.bookworm, .trixie])
  func opens(suite: Suite) async throws {
    let disk = try Disk.blank(megabytes: 96)
    let machine = try Self.machine(suite, disk)
    // A device that preroot makes opens with an empty passphrase, until a TPM has been given a key to it.
    let enrolling = try await machine.with("bed.enroll").boot()
    expectUpper(in: enrolling)
    #expect(enrolling.script?.status == 0, "\(enrolling.script?.output ?? "")")
    for (number, entrance) in Entrance.allCases.enumerated() {
      let boot = try await machine.by(entrance).boot()
      expectUpper(in: boot)
      #expect(boot.bootsNoted == number + 2)
      #expect(boot.remarks == [])
      #expect(!boot.journal.entries(by: "preroot").contains { $0.message.contains("exited with status") }, "\(boot)")
    }
    let checksum = try await disk.checksum
    var other = machine
    other.tpm = try Tpm()
    expectFallback(in: try await other.boot(), saying: "No key available with this passphrase.")
    #expect(try await disk.checksum == checksum)
    let readOnly = try await other.with("preroot.fallback=read-only").boot()
    expectError(in: readOnly, saying: "No key available with this passphrase.")
    #expect(!readOnly.isRootWritable)
    other.tpm = nil
    expectFallback(in: try await other.boot(), saying: "No key available with this passphrase.")
    #expect(try await disk.checksum == checksum)
    let again = try await machine.boot()
    expectUpper(in: again)
    #expect(again.bootsNoted == 4)
  }
}
