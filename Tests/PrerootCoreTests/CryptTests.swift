// SPDX-License-Identifier: MIT
import CoreSupport
import PrerootCore
import Testing

@Suite("Crypt=")
struct CryptTests {
  private func settings(_ words: String) -> Settings {
    var assignments = Assignments()
    assignments.add(KernelCommandLine(parsing: Text(utf8: words)))
    return Settings(assignments)
  }

  @Test("Crypt= reads its words, absolute paths and booleans for no", arguments: [
    ("no", Crypt.no), ("off", .no), ("", .no), ("random", .random), ("auto", .auto), ("/etc/key", .keyFile("/etc/key")), ("//etc/key/", .keyFile("/etc/key")),
  ])
  func reads(value: String, crypt: Crypt) {
    #expect(settings("preroot=/dev/vdb preroot.crypt=\(value)").crypt == crypt)
  }

  /// With a typing error, the changes must not reach the device unencrypted.
  @Test("A value of Crypt= that is not understood makes the upper unavailable", arguments: ["ramdom", "yes", "key", "/", "/a/../b", "tpm2"])
  func failsClosed(value: String) {
    let crypt = settings("preroot=/dev/vdb preroot.crypt=\(value)").crypt
    #expect(crypt == .unreadable(Text(utf8: value)))
    #expect(crypt.unavailability(of: DeviceName(.path, "/dev/vdb"))?.string == "is not used: preroot.crypt=\(value) is neither no, random, auto nor the path of a key file")
  }

  @Test("Crypt= has no effect on a tmpfs upper, and one line says so")
  func isUselessOnTmpfs() {
    let settings = settings("preroot=tmpfs preroot.crypt=random")
    #expect(settings.crypt == .no)
    #expect(settings.remarks == [Remark(.notice, "Kernel command line: preroot.crypt='random' has no effect, as the upper is a tmpfs")])
  }

  @Test("preroot.crypt without a value makes the upper unavailable, as it does not say how to encrypt")
  func isNotForgotten() {
    #expect(settings("preroot=/dev/vdb preroot.crypt").crypt == .unreadable("yes"))
  }

  /// Each boot with a random key begins with an empty upper.
  @Test("Crypt=random counts where another setting cannot be together with it, and one line says so", arguments: [
    ("preroot.reset", "each boot has a new upper, so Reset= has no effect"),
    ("preroot.onlowerchange=new", "each boot has a new upper, so OnLowerChange= has no effect"),
    ("preroot.attempts=5", "each boot has a new upper, so Attempts= has no effect"),
    ("preroot.bind=/srv", "Bind= is lost at power-off, too"),
  ])
  func counts(word: String, sentence: String) {
    let origin = "preroot.crypt='random' counts: "
    #expect(settings("preroot=/dev/vdb preroot.crypt=random \(word)").remarks.map(\.text.string) == ["Kernel command line: \(origin)\(sentence)"])
    #expect(settings("preroot=/dev/vdb preroot.crypt=auto \(word)").remarks == [])
  }

  @Test("Crypt= takes no device for a file system that preroot cannot create")
  func refusesType() {
    for use in [CryptUse(.blank, settings("preroot=/dev/vdb preroot.crypt=auto preroot.format=blank preroot.fstype=xfs")),
                CryptUse(.claimed, settings("preroot=/dev/vdb preroot.crypt=random preroot.fstype=xfs"))] {
      #expect(use == .refuse("is not used: preroot.fstype=xfs is not a type that preroot creates, which are ext4 and f2fs"))
    }
    #expect(CryptUse(.signature(Signature(type: "crypto_LUKS")), settings("preroot=/dev/vdb preroot.crypt=auto preroot.fstype=xfs")) == .open)
  }

  static let impossible: [(name: String, crypt: String, sentence: String)] = [
    ("mtd:data", "random", "is not a block device, which preroot.crypt=random needs"),
    ("ubi0:data", "auto", "is not a block device, which preroot.crypt=auto needs"),
    ("LABEL=data", "random", "is the name of a file system, of which preroot.crypt=random leaves none; use PARTLABEL=, PARTUUID= or a path"),
    ("UUID=1-2", "random", "is the name of a file system, of which preroot.crypt=random leaves none; use PARTLABEL=, PARTUUID= or a path"),
  ]

  @Test("Crypt= names the devices that it cannot encrypt", arguments: impossible.indices)
  func namesImpossible(index: Int) {
    let (name, crypt, sentence) = Self.impossible[index]
    #expect(Crypt(Text(utf8: crypt)).unavailability(of: DeviceName(Text(utf8: name))!)?.string == sentence)
  }

  @Test("Crypt= takes partitions, paths, and for LUKS the names of headers", arguments: ["PARTLABEL=a", "PARTUUID=a", "/dev/vdb", "UUID=a", "LABEL=a"])
  func takesOthers(name: String) {
    #expect(Crypt.auto.unavailability(of: DeviceName(Text(utf8: name))!) == nil)
    #expect(Crypt.no.unavailability(of: DeviceName(Text(utf8: name))!) == nil)
  }

  /// Everything that a device may hold.
  private static let probes: [Probe?] = [
    .blank, .unfinished, .claimed, .signature(Signature(type: "crypto_LUKS")), .signature(Signature(type: "ext4")), .ambivalent, .unknown, nil,
  ]

  private func uses(_ words: String) -> [String] {
    let settings = settings("preroot=/dev/vdb " + words)
    return Self.probes.map {
      switch CryptUse($0, settings) {
      case .open: "open"
      case .make: "make"
      case .refuse: "refuse"
      }
    }
  }

  @Test("Crypt=random overwrites only a blank device, and only with Format=blank, or one that it has claimed")
  func overwritesOnlyItsOwn() {
    #expect(uses("preroot.crypt=random") == ["refuse", "refuse", "open", "refuse", "refuse", "refuse", "refuse", "refuse"])
    #expect(uses("preroot.crypt=random preroot.format=blank") == ["make", "make", "open", "refuse", "refuse", "refuse", "refuse", "refuse"])
  }

  @Test("LUKS is opened where it is, and made only on a blank device with Format=blank", arguments: ["auto", "/etc/key"])
  func opensOnlyLUKS(crypt: String) {
    #expect(uses("preroot.crypt=\(crypt)") == ["refuse", "refuse", "refuse", "open", "refuse", "refuse", "refuse", "refuse"])
    #expect(uses("preroot.crypt=\(crypt) preroot.format=blank") == ["make", "make", "refuse", "open", "refuse", "refuse", "refuse", "refuse"])
  }

  @Test("Without Crypt=, an encrypted device is left alone, and so is one that Crypt=random has claimed", arguments: ["", "preroot.format=blank"])
  func isLeftAlone(words: String) {
    let settings = settings("preroot=/dev/vdb " + words), name = DeviceName(.path, "/dev/vdb")
    #expect(DeviceUse(name, .signature(Signature(type: "crypto_LUKS")), settings) == .refuse("holds crypto_LUKS: it is encrypted, and preroot.crypt= says how to open it"))
    #expect(DeviceUse(name, .claimed, settings) == .refuse("holds what preroot.crypt=random has left, which no key opens; zeros in its first MiB make it blank"))
  }

  @Test("An upper with a random key does not persist, and its boots are not counted")
  func doesNotPersist() {
    let random = settings("preroot=/dev/vdb preroot.crypt=random"), auto = settings("preroot=/dev/vdb preroot.crypt=auto")
    #expect(!random.isPersistent && auto.isPersistent)
    #expect(!random.counts(bootTo: "default.target") && auto.counts(bootTo: "default.target"))
    #expect(random.upperText.string == "/dev/vdb, encrypted (random)")
  }

  @Test("The steps open the device before its file system is made or mounted, and close it last", arguments: [
    ("random", CryptUse.open, ["open /dev/mapper/preroot (random /dev/vdb)"]),
    ("random", .make, ["claim /dev/vdb", "open /dev/mapper/preroot (random /dev/vdb)"]),
    ("/etc/key", .open, ["open /dev/mapper/preroot (/etc/key /dev/vdb)"]),
    ("auto", .make, ["make a LUKS header on /dev/vdb (auto)", "open /dev/mapper/preroot (auto /dev/vdb)"]),
  ])
  func plans(crypt: String, use: CryptUse, steps: [String]) {
    let settings = settings("preroot=/dev/vdb preroot.crypt=\(crypt)")
    let opening = StorePlan.opening("/dev/vdb", use, settings)
    #expect(opening.map(\.text.string) == steps)
    #expect(opening.last?.inverse == Step(.close, Paths.mapping))
    #expect(opening.dropLast().allSatisfy { $0.inverse == nil })
  }

  // MARK: Commands

  private func commands(_ crypt: Crypt) -> [String] {
    let encryption = Encryption("/dev/vdb", crypt)
    return [encryption.openingBySystemd(as: "preroot"), encryption.opening(as: "preroot")].map { $0.map(\.string).joined(separator: " ") }
  }

  @Test("A device is opened by systemd-cryptsetup or cryptsetup, with the same meaning")
  func opens() {
    #expect(commands(.random) == [
      "systemd-cryptsetup attach preroot /dev/vdb /dev/urandom plain,cipher=aes-xts-plain64,hash=plain,size=512,offset=2048",
      "cryptsetup open --batch-mode --type=plain --cipher=aes-xts-plain64 --key-size=512 --offset=2048 --key-file=/dev/urandom /dev/vdb preroot",
    ])
    #expect(Encryption.reservedBytes == 2048 * 512)
    #expect(commands(.keyFile("/etc/a key")) == [
      "systemd-cryptsetup attach preroot /dev/vdb /etc/a key luks,headless=yes,tries=1",
      "cryptsetup open --batch-mode --type=luks --key-file=/etc/a key /dev/vdb preroot",
    ])
    #expect(commands(.auto) == [
      "systemd-cryptsetup attach preroot /dev/vdb - luks,tpm2-device=auto,try-empty-password=yes,headless=yes,tries=2,timeout=1us",
      "sh -c echo | cryptsetup \"$@\" cryptsetup open --batch-mode --type=luks /dev/vdb preroot",
    ])
  }

  @Test("A LUKS header is made by cryptsetup, with the UUID of the marker, and no header for a random key")
  func makesHeader() {
    #expect(Encryption("/dev/vdb", .random).header(uuid: "u") == nil)
    #expect(Encryption("/dev/vdb", .keyFile("/etc/key")).header(uuid: "u")?.map(\.string).joined(separator: " ") ==
      "cryptsetup luksFormat --batch-mode --type=luks2 --pbkdf=pbkdf2 --pbkdf-force-iterations=1000 --key-file=/etc/key --uuid=u /dev/vdb")
  }
}
