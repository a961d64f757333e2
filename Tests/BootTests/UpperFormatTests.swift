// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("preroot.format=blank")
struct UpperFormatTests {
  @Test("preroot.format=blank creates a file system on a blank disk, once", arguments: Entrance.chosen)
  func formats(entrance: Entrance) async throws {
    let disk = try Disk.blank(megabytes: 64)
    let boots = try await Machine(keepingOn: disk, .noting, "preroot.format=blank").by(entrance).boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    #expect(boots.map { $0.journal.entries(by: "preroot").count { $0.message.contains("was blank; created") } > 0 } == [true, false])
    try await disk.check()
  }

  @Test("A blank disk is left unchanged by default", arguments: Entrance.chosen)
  func isNotTheDefault(entrance: Entrance) async throws {
    let disk = try Disk.blank(megabytes: 64)
    let checksum = try await disk.checksum
    expectFallback(in: try await Machine(keepingOn: disk).by(entrance).boot(), saying: "/dev/ubdb")
    #expect(try await disk.checksum == checksum)
  }

  /// Contents of disks that cannot hold an upper: offset and bytes.
  static let contents: [(what: String, at: Int, bytes: [UInt8])] = [
    ("a LUKS header", 0, Array("LUKS\u{ba}\u{be}".unicodeScalars.map { UInt8($0.value) })),
    ("random bytes", 0, (0..<65536).map { _ in .random(in: 0...255) }),
  ]

  @Test("preroot.format=blank leaves a disk with any contents unchanged", arguments: contents.indices, Entrance.chosen)
  func leavesContentsAlone(index: Int, entrance: Entrance) async throws {
    let (what, offset, bytes) = Self.contents[index]
    let disk = try Disk.blank(megabytes: 64)
    try disk.overwrite(at: offset, with: bytes)
    let checksum = try await disk.checksum
    expectFallback(in: try await Machine(keepingOn: disk, .noting, "preroot.format=blank").by(entrance).boot(), saying: "/dev/ubdb")
    #expect(try await disk.checksum == checksum, "\(what) was written to")
  }

  @Test("preroot.format=blank leaves a partition table unchanged, even if only its backup is left", arguments: [true, false], Entrance.chosen)
  func leavesTableAlone(isWhole: Bool, entrance: Entrance) async throws {
    let disk = try await Disk.partitioned(partitionLabel: "data", partitionUUID: "d3c1f1d4-94f1-4a11-8f0e-6a5a1c0a9b42")
    if !isWhole { try disk.overwrite(at: 0, with: Array(repeating: 0, count: 1 << 20)) }
    let checksum = try await disk.checksum
    expectFallback(in: try await Machine(keepingOn: disk, .noting, "preroot.format=blank").by(entrance).boot(), saying: "/dev/ubdb")
    #expect(try await disk.checksum == checksum)
  }
}
