// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

extension Machine {
  /// A machine whose root and upper are on one disk, which has a squashfs at its beginning.
  init(rootAndUpperOn disk: Disk, _ tree: Tree = .tail, _ words: String...) {
    self.init(keepingOn: disk, tree, "preroot=tail", "root=/dev/ubdb")
    self.words += words
  }
}

extension Tree {
  /// A tree that notes boots, and says what the tool says.
  fileprivate static let tail = Tree.lean.noting("""
    echo "place=$(losetup --noheadings --output BACK-FILE,OFFSET,AUTOCLEAR,RO 2> /dev/null | xargs)"
    preroot status > /run/bed/report/status
    preroot check > /run/bed/report/check
    preroot plan > /run/bed/report/plan
    """)
}

@Suite("preroot=tail")
struct TailTests {
  @Test("The upper behind the image is made once, kept, and clean after each power-off", arguments: Entrance.chosen)
  func isKept(entrance: Entrance) async throws {
    let disk = try await Disk.image(.squashfs, of: .tail)
    let tail = try disk.tail
    let boots = try await Machine(rootAndUpperOn: disk, .tail, "preroot.format=blank").by(entrance).boots(2)
    for boot in boots {
      expectUpper(in: boot)
      #expect(boot.remarks == [])
      #expect(boot.store?.source.hasPrefix("/dev/loop") == true)
      #expect(boot.told("place")?.contains("/ubdb ") == true && boot.told("place")?.hasSuffix(" 1 0") == true, "\(boot.told("place") ?? "")")
      #expect(boot.file("status")?.contains("tail (/dev/loop0 on /dev/ubdb), kept at power-off") == true, "\(boot.file("status") ?? "")")
      #expect(boot.file("check")?.contains("tail is /dev/ubdb from byte ") == true, "\(boot.file("check") ?? "")")
      #expect(boot.file("plan")?.contains("attach /dev/loopN (") == true, "\(boot.file("plan") ?? "")")
      #expect(boot.consoleFailures == [])
    }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    #expect(try await !tail.needsRecovery)
    try await tail.check()
    // The image has not been written to.
    let image = try await Disk.image(.squashfs, of: .tail, roomInMegabytes: 0)
    try await #expect(disk.beginning(like: image))
  }

  @Test("A room that is blank is left unchanged by default, and one that is not blank always")
  func isLeftAlone() async throws {
    let disk = try await Disk.image(.squashfs, of: .tail)
    func boot(_ word: String, saying sentence: String) async throws {
      let checksum = try await disk.checksum
      let boot = try await Machine(rootAndUpperOn: disk, .tail, word).boot()
      expectFallback(in: boot, saying: sentence)
      #expect(boot.file("check")?.contains("note: tail is /dev/ubdb from byte \(try disk.tail.offset) to ") == true, "\(boot.file("check") ?? "")")
      #expect(try await disk.checksum == checksum)
    }
    try await boot("preroot.format=no", saying: "tail is blank; preroot.format=blank creates a file system on it")
    // The last sector of the first MiB.
    try disk.overwrite(at: disk.tail.offset + 1 << 20 - 512, with: Array("data".utf8))
    try await boot("preroot.format=blank", saying: "tail holds unrecognized data and is left alone")
  }
}

/// The room is behind other roots, or other images than before.
@Suite("preroot=tail with other images and roots", .enabled(if: Suite.areAll, "make check-all"))
struct TailChangeTests {
  private static let first = Tree.lean.noting("echo \"release=$(cat /usr/share/release)\"\n")
  private static let longer = first.release("2").with("/usr/share/longer", String((0..<4_000_000).map { _ in Character(UnicodeScalar(UInt8.random(in: 33...126))) }))

  @Test("A shorter image leaves the upper where it is, and a warning tells of the change")
  func isShorter() async throws {
    let disk = try await Disk.image(.squashfs, of: Self.longer)
    expectUpper(in: try await Machine(rootAndUpperOn: disk, Self.longer, "preroot.format=blank").boot())
    let tail = try disk.tail
    try await disk.overwrite(with: .squashfs, of: Self.first.release("3"))
    let boots = try await Machine(rootAndUpperOn: disk, Self.first.release("3"), "preroot.format=blank").boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [2, 3])
    #expect(boots.map { $0.told("release") } == ["3", "3"])
    #expect(boots.map(\.remarks.count) == [1, 0])
    try await tail.check()
  }

  @Test("A longer image that overwrites the upper gets a new one only with preroot.on-lower-change=reset", arguments: Entrance.allCases)
  func isLonger(entrance: Entrance) async throws {
    let disk = try await Disk.image(.squashfs, of: Self.first.release("1"), roomInMegabytes: 96)
    expectUpper(in: try await Machine(rootAndUpperOn: disk, Self.first.release("1"), "preroot.format=blank").by(entrance).boot())
    try await disk.overwrite(with: .squashfs, of: Self.longer)
    let machine = Machine(rootAndUpperOn: disk, Self.longer, "preroot.format=blank").by(entrance)
    let checksum = try await disk.checksum
    expectFallback(in: try await machine.boot(), saying: "tail was overwritten at its beginning by a longer image")
    #expect(try await disk.checksum == checksum)
    let boots = try await machine.with("preroot.on-lower-change=reset").boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    try await disk.tail.check()
  }

  @Test("The upper is behind an erofs, too")
  func isBehindErofs() async throws {
    let disk = try await Disk.image(.erofs, of: .noting)
    let boots = try await Machine(rootAndUpperOn: disk, .noting, "preroot.format=blank").boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    #expect(boots[0].mounts["/run/initramfs/preroot/lower"]?.fileSystem == "erofs")
  }

  @Test("The upper behind the image is encrypted, and kept", arguments: ["random", "/etc/preroot.key"])
  func isEncrypted(crypt: String) async throws {
    let tree = try await CryptTests.withCryptsetup(.lean).noting("findmnt -no SOURCE /run/initramfs/preroot/upper")
    let disk = try await Disk.image(.squashfs, of: tree, roomInMegabytes: 96)
    let boots = try await Machine(rootAndUpperOn: disk, tree, "preroot.crypt=\(crypt)", "preroot.format=blank").boots(2)
    for boot in boots {
      expectUpper(in: boot)
      #expect(boot.script?.output.contains("/dev/mapper/preroot\n") == true, "\(boot.script?.output ?? "") \(boot)")
      #expect(boot.remarks == [], "\(boot)")
    }
    #expect(boots.map(\.bootsNoted) == (crypt == "random" ? [1, 1] : [1, 2]))
  }

  @Test("A root without room behind it is refused in words, and not written to")
  func isRefused() async throws {
    func boot(_ machine: Machine, says sentence: String) async throws {
      let checksum = try await machine.disks.first?.checksum
      expectFallback(in: try await machine.with("preroot.format=blank").boot(), saying: "tail " + sentence)
      #expect(try await machine.disks.first?.checksum == checksum)
    }
    var readOnly = try await Disk.image(.squashfs, of: .noting)
    readOnly.isReadOnly = true
    try await boot(Machine(rootAndUpperOn: readOnly, .noting), says: "needs a writable device, and /dev/ubdb is read-only")
    try await boot(Machine(rootAndUpperOn: .image(.squashfs, of: .noting, roomInMegabytes: 0), .noting), says: "needs 4 MiB behind the image, and on /dev/ubdb there are 0 KiB")
    try await boot(Machine(rootAndUpperOn: .image(.squashfs, of: .noting, roomInMegabytes: 4), .noting), says: "needs 4 MiB behind the image, and on /dev/ubdb there are 4032 KiB")
    try await boot(Machine(rootAndUpperOn: .image(.ext4, of: .noting), .noting), says: "needs a squashfs or erofs root")
    var verified = Machine(.kernel(.squashfs), .noting, "preroot=tail")
    verified.isVerified = true
    try await boot(verified, says: "needs a writable device, and /dev/dm-0 is read-only")
    // An erofs has room for a partition table before its superblock.
    let partitioned = try await Disk.image(.erofs, of: .noting)
    try partitioned.overwrite(at: 446, with: [0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0])
    try partitioned.overwrite(at: 510, with: [0x55, 0xaa])
    try await boot(Machine(rootAndUpperOn: partitioned, .noting), says: "is not for a disk with partitions, and /dev/ubdb is one")
  }

  @Test("A kernel that cannot put an upper behind the image is named", arguments: [
    ("initcall_blacklist=loop_init", "needs loop devices, which the kernel lacks"), ("bdev_allow_write_mounted=0", "the kernel allows no writes to a mounted device"),
  ])
  func isUnfit(word: String, sentence: String) async throws {
    let disk = try await Disk.image(.squashfs, of: .noting)
    let checksum = try await disk.checksum
    let boot = try await Machine(rootAndUpperOn: disk, .noting, "preroot.format=blank", word).boot()
    expectFallback(in: boot, saying: sentence)
    #expect(try await disk.checksum == checksum)
  }

  @Test("A power cut while the upper behind the image is made or written to leaves a machine that boots")
  func isCut() async throws {
    let count = ProcessInfo.processInfo.environment["PREROOT_CUTS"].flatMap { Int($0) } ?? 12
    let image = try await Disk.image(.squashfs, of: .noting)
    try await withThrowingTaskGroup { group in
      for number in 0..<count {
        group.addTask {
          let disk = try await image.copy()
          var machine = Machine(rootAndUpperOn: disk, .noting, "preroot.format=blank").by(number.isMultiple(of: 2) ? .stageOne : .firstProcess)
          machine.powerCut = .firstWrite + .seconds(3 * pow((Double(number) + 0.5) / Double(count), 2))
          let console = try await machine.bootUntilPowerCut()
          machine.powerCut = nil
          let boot = try await machine.by(number.isMultiple(of: 2) ? .firstProcess : .stageOne).boot()
          expectUpper(in: boot)
          #expect(boot.remarks == [])
          try await disk.tail.check()
          try FileManager.default.removeItem(atPath: disk.path.string)
          return console.lines.contains { $0.contains("Continuing to default.target") }
        }
      }
      var late = 0
      for try await isLate in group where isLate { late += 1 }
      print("power cuts on a tail: \(count), \(count - late) in stage 1")
    }
  }
}

extension Disk {
  /// Whether the disk begins with the contents of another.
  fileprivate func beginning(like other: Disk) async throws -> Bool {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path.string)), model = try Data(contentsOf: URL(fileURLWithPath: other.path.string))
    return try file.read(upToCount: model.count) == model
  }
}
