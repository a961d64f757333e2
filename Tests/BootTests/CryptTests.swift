// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// Encrypted uppers. Debian 12 has systemd-cryptsetup in its package of systemd; cryptsetup is added where a header has to be made.
@Suite("preroot.crypt=")
struct CryptTests {
  static let key = "/etc/preroot.key"
  static let noting = withKey(.noting)

  static func withKey(_ tree: Tree) -> Tree { tree.with(key, String(repeating: "0123456789abcdef", count: 4), mode: 0o400) }

  /// A tree with a key and cryptsetup, which makes headers.
  static func withCryptsetup(_ tree: Tree) async throws -> Tree {
    withKey(tree).with(everythingIn: try await DebianFiles.cryptsetup())
  }

  /// Expects that the text that the machine wrote is nowhere on the disk.
  private func expectUnreadable(_ text: String, on disk: Disk, at location: SourceLocation = #_sourceLocation) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: disk.path.string), options: .mappedIfSafe)
    #expect(bytes.range(of: Data(text.utf8)) == nil, sourceLocation: location)
  }

  @Test("preroot.crypt=random encrypts the changes, and each boot starts with an empty upper", arguments: Entrance.chosen)
  func forgets(entrance: Entrance) async throws {
    let disk = try Disk.blank(megabytes: 64)
    let tree = Tree.lean.noting("echo 'readable by nobody' > /var/lib/secret; sync; findmnt -no SOURCE /run/initramfs/preroot/upper\npreroot status")
    let boots = try await Machine(keepingOn: disk, tree, "preroot.crypt=random", "preroot.format=blank").by(entrance).boots(2)
    for boot in boots {
      expectUpper(in: boot)
      #expect(boot.bootsNoted == 1, "\(boot)")
      #expect(boot.script?.output.contains("/dev/mapper/preroot\n") == true, "\(boot.script?.output ?? "") \(boot)")
      #expect(boot.script?.output.contains("/dev/ubdb, lost at power-off\n") == true, "\(boot.script?.output ?? "") \(boot)")
      #expect(boot.journal.entries(by: "preroot").contains { $0.message == "/ is writable, upper: /dev/ubdb, encrypted (random)" }, "\(boot)")
      #expect(boot.remarks == [], "\(boot)")
    }
    try expectUnreadable("readable by nobody", on: disk)
    #expect(try Data(contentsOf: URL(fileURLWithPath: disk.path.string)).starts(with: Data("preroot: changes of one boot".utf8)))
  }

  /// Once it is claimed, the consent of preroot.format=blank is on the disk.
  @Test("preroot.crypt=random takes a claimed disk without preroot.format=, and no other one", .enabled(if: Suite.areAll, "make check-all"))
  func overwritesOnlyItsOwn() async throws {
    let disk = try Disk.blank(megabytes: 64)
    expectFallback(in: try await Machine(keepingOn: disk, .noting, "preroot.crypt=random").boot(), saying: "/dev/ubdb is blank; preroot.format=blank lets preroot.crypt=random use it")
    expectUpper(in: try await Machine(keepingOn: disk, .noting, "preroot.crypt=random", "preroot.format=blank").boot())
    expectUpper(in: try await Machine(keepingOn: disk, .noting, "preroot.crypt=random").boot())
    expectFallback(in: try await Machine(keepingOn: disk, .noting, "preroot.format=blank").boot(), saying: "holds what preroot.crypt=random has left")
    let kept = try await Disk.ext4()
    let checksum = try await kept.checksum
    expectFallback(in: try await Machine(keepingOn: kept, .noting, "preroot.crypt=random", "preroot.format=blank").boot(), saying: "holds ext4, which preroot.crypt=random would destroy")
    #expect(try await kept.checksum == checksum)
  }

  @Test("A blank disk gets a LUKS header for a key file of the image, and the next boot has the changes", arguments: ["/etc/preroot.key", "auto"])
  func keeps(crypt: String) async throws {
    let disk = try Disk.blank(megabytes: 96)
    let tree = try await Self.withCryptsetup(.lean).noting("echo 'readable with the key' > /var/lib/secret; sync; preroot status")
    let boots = try await Machine(keepingOn: disk, tree, "preroot.crypt=\(crypt)", "preroot.format=blank").boots(2)
    for boot in boots {
      expectUpper(in: boot)
      #expect(boot.script?.output.contains("/dev/ubdb, kept at power-off\n") == true, "\(boot.script?.output ?? "") \(boot)")
      #expect(boot.remarks == [], "\(boot)")
    }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    // systemd-cryptsetup is enough from then on, and the other entrance opens the same device.
    let next = try await Machine(keepingOn: disk, Self.noting, "preroot.crypt=\(crypt)").by(.firstProcess).boot()
    expectUpper(in: next)
    #expect(next.bootsNoted == 3)
    try expectUnreadable("readable with the key", on: disk)
    // The wrong key: the device stays as it is.
    let checksum = try await disk.checksum
    let wrong = crypt == "auto" ? Self.key : "auto"
    expectFallback(in: try await Machine(keepingOn: disk, tree, "preroot.crypt=\(wrong)", "preroot.format=blank").boot(), saying: "cryptsetup exited with status")
    #expect(try await disk.checksum == checksum)
    for boot in boots + [next] { #expect(!boot.journal.entries.contains { $0.message.contains(/recover(y|ing)/) }, "The upper was not clean at power-off: \(boot)") }
  }

  struct Lack: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (Tree) -> Tree
    var words = ["preroot.crypt=random", "preroot.format=blank"]
    let sentence: String
  }
  static let lacks = [
    Lack(testDescription: "no program that opens it", change: { $0.without("/usr/lib/systemd/systemd-cryptsetup") },
         sentence: "neither systemd-cryptsetup nor cryptsetup is in the image"),
    Lack(testDescription: "no program that makes a header", change: { $0 }, words: ["preroot.crypt=/etc/preroot.key", "preroot.format=blank"],
         sentence: "cryptsetup is not in the image"),
    Lack(testDescription: "no key file", change: { $0.without(CryptTests.key) }, words: ["preroot.crypt=/etc/preroot.key", "preroot.format=blank"],
         sentence: "/etc/preroot.key of preroot.crypt= is not a file of the image"),
    Lack(testDescription: "a short key", change: { $0.with(CryptTests.key, "secret\n") }, words: ["preroot.crypt=/etc/preroot.key", "preroot.format=blank"],
         sentence: "/etc/preroot.key has 7 bytes, and a key has at least 32"),
    Lack(testDescription: "a typing error", change: { $0 }, words: ["preroot.crypt=ramdom", "preroot.format=blank"], sentence: "preroot.crypt=ramdom is neither"),
  ]

  @Test("A lack of what encryption needs is named, and nothing is written to the disk unencrypted", .enabled(if: Suite.areAll, "make check-all"), arguments: lacks)
  func namesLack(lack: Lack) async throws {
    let disk = try Disk.blank(megabytes: 64)
    var machine = Machine(keepingOn: disk, lack.change(Self.noting))
    machine.words += lack.words
    expectFallback(in: try await machine.boot(), saying: lack.sentence)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: disk.path.string))
    // The marker of what was begun at most, and no file system.
    #expect(bytes.count { $0 != 0 } < 512)
  }

  /// The kernel's own way to leave out a part of it. Without dm_init there is no /dev/mapper/control either.
  @Test("Without dm-crypt in the kernel, the device stays as it is", arguments: [("random", "dm_crypt_init")] + (Suite.areAll ? [("random", "dm_init"), (key, "dm_crypt_init"), ("auto", "dm_init")] : []))
  func refusesWithoutKernel(crypt: String, missing: String) async throws {
    let disk = try Disk.blank(megabytes: 96), checksum = try await disk.checksum
    let machine = Machine(keepingOn: disk, try await Self.withCryptsetup(.noting), "preroot.crypt=\(crypt)", "preroot.format=blank", "initcall_blacklist=\(missing)")
    expectFallback(in: try await machine.boot(), saying: "the kernel cannot encrypt; it needs dm-crypt and AES-XTS")
    #expect(try await disk.checksum == checksum)
  }

  @Test("Without dm-crypt in the kernel, a LUKS device stays as it is", .enabled(if: Suite.areAll, "make check-all"), arguments: [key, "auto"])
  func opensNothingWithoutKernel(crypt: String) async throws {
    let disk = try Disk.blank(megabytes: 96)
    let machine = Machine(keepingOn: disk, try await Self.withCryptsetup(.noting), "preroot.crypt=\(crypt)", "preroot.format=blank")
    expectUpper(in: try await machine.boot())
    let checksum = try await disk.checksum
    expectFallback(in: try await machine.with("initcall_blacklist=dm_crypt_init").boot(), saying: "cryptsetup exited with status")
    #expect(try await disk.checksum == checksum)
    let boot = try await machine.boot()
    expectUpper(in: boot)
    #expect(boot.bootsNoted == 2)
  }
}
