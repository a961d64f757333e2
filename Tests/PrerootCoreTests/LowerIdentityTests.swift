// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("The identity of an image")
struct LowerIdentityTests {
  /// 4 KiB in which each byte has the low eight bits of its offset.
  private static let superblock = Text((0..<4096).map { UInt8(truncatingIfNeeded: $0) })

  private func identity(_ type: Text, _ superblock: Text = superblock, rootHash: Text = "", imageVersion: Text = "") -> String? {
    LowerIdentity(type: type, superblock: superblock, rootHash: rootHash, imageVersion: imageVersion)?.text.string
  }

  @Test("An image is identified by superblock fields that no mount changes", arguments: [
    // inodes and mkfs_time, bytes_used
    ("squashfs", "squashfs 0405060708090a0b 28292a2b2c2d2e2f"),
    // checksum, build_time, uuid
    ("erofs", "erofs 04050607 18191a1b1c1d1e1f 303132333435363738393a3b3c3d3e3f"),
    // s_uuid, s_mkfs_time
    ("ext4", "ext4 68696a6b6c6d6e6f7071727374757677 08090a0b"),
    ("ext3", "ext3 68696a6b6c6d6e6f7071727374757677 08090a0b"),
    ("ext2", "ext2 68696a6b6c6d6e6f7071727374757677 08090a0b"),
  ])
  func isInSuperblock(type: String, expected: String) {
    #expect(identity(Text(utf8: type)) == expected)
  }

  @Test("An image's identity depends on its superblock fields and on no other byte", arguments: [
    ("squashfs", Array(4..<12) + Array(40..<48)), ("erofs", Array(1028..<1032) + Array(1048..<1056) + Array(1072..<1088)),
    ("ext4", Array(1128..<1144) + Array(1288..<1292)),
  ])
  func isInItsBytes(type: String, places: [Int]) {
    let type = Text(utf8: type)
    for place in Self.superblock.indices {
      var other = Array(Self.superblock)
      other[place] ^= 0x80
      #expect((identity(type, Text(other)) != identity(type)) == places.contains(place), "byte \(place)")
    }
  }

  @Test("dm-verity's root hash identifies an image in place of its superblock", arguments: ["squashfs", "erofs", "ext4", "other"])
  func isRootHash(type: String) {
    #expect(identity(Text(utf8: type), rootHash: "abcd") == "\(type) abcd")
    #expect(identity(Text(utf8: type), "", rootHash: "abcd") == "\(type) abcd")
  }

  @Test("IMAGE_VERSION= is part of an image's identity")
  func hasVersion() {
    #expect(identity("squashfs", imageVersion: "\"7\"") == "squashfs 0405060708090a0b 28292a2b2c2d2e2f \"7\"")
    #expect(identity("other", imageVersion: "7") == "other 7")
    #expect(identity("other", rootHash: "abcd", imageVersion: "7") == "other abcd 7")
    #expect(identity("ext4", "", imageVersion: "7") == "ext4 7")
  }

  @Test("A truncated superblock identifies an image by the fields that it still has", arguments: [
    ("squashfs", 47, "squashfs 0405060708090a0b"), ("squashfs", 12, "squashfs 0405060708090a0b"), ("erofs", 1087, "erofs 04050607 18191a1b1c1d1e1f"),
    ("erofs", 1055, "erofs 04050607"), ("ext4", 1291, "ext4 68696a6b6c6d6e6f7071727374757677"),
  ])
  func isShort(type: String, count: Int, expected: String) {
    #expect(identity(Text(utf8: type), Self.superblock[0..<count]) == expected)
  }

  @Test("An image has no identity if nothing tells it from another", arguments: [
    ("squashfs", 11), ("squashfs", 0), ("erofs", 1031), ("ext4", 1143), ("ext4", 0), ("btrfs", 4096), ("nfs", 0), ("", 4096),
  ])
  func isNone(type: String, count: Int) {
    #expect(identity(Text(utf8: type), Self.superblock[0..<count]) == nil)
  }

  /// The expected hashes come from the reference implementation of 64-bit FNV-1a.
  @Test("The name of an image's directory is a 64-bit FNV-1a hash of its identity", arguments: [
    ("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8"),
  ])
  func hasName(text: String, expected: String) throws {
    var identity = try #require(LowerIdentity(type: "ext4", superblock: Self.superblock, rootHash: "", imageVersion: ""))
    identity.text = Text(utf8: text)
    #expect(identity.name.string == expected)
  }

  @Test("The root hash comes from roothash= or dm-mod.create=", arguments: [
    ("", ""), ("quiet ro", ""), ("roothash=abcd", "abcd"), ("quiet roothash=abcd ro", "abcd"), ("roothash", ""), ("roothash=", ""),
    ("dm-mod.create=\"vroot,,,ro,0 1740800 verity 1 /dev/sda1 /dev/sda2 4096 4096 217600 1 sha256 d1e5 5a17\"", "d1e5"),
    ("dm_mod.create=\"vroot,,,ro, 0 1740800 verity 1 254:0 254:0 4096 4096 217600 217601 sha256 d1e5 - 1 ignore_corruption\" root=/dev/dm-0", "d1e5"),
    ("dm-mod.create=\"a,,0,rw,0 8 linear 8:1 0;vroot,,1,ro,0 8 verity 1 8:2 8:2 4096 4096 1 1 sha256 d1e5 -\"", "d1e5"),
    ("dm-mod.create=\"vroot,,,ro,0 8 verity 1 8:2 8:2 4096 4096 1 1 sha256\"", ""), ("dm-mod.create=\"a,,0,rw,0 8 linear 8:1 0\"", ""),
    ("dm-mod.create", ""), ("dm-mod.create= roothash=abcd", "abcd"), ("dm-mod.create=verity", ""), ("xroothash=abcd", ""),
  ])
  func hasRootHash(line: String, expected: String) {
    #expect(LowerIdentity.rootHash(on: KernelCommandLine(parsing: Text(utf8: line))).string == expected)
  }
}
