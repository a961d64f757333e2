// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("The contents of a UBI volume")
struct VolumeFactsTests {
  /// What mkfs.ubifs(8) wrote: the superblock of a file system whose log has 4 blocks, and the beginning of the log.
  static let superblock = bytes("""
    3118100685c154ea06000000000000000010000006000000000000000000000000020000003e00000d0000006400000000aa020000000000040000000200000001000000\
    01000000080000000001000004000000010000000000000000000000000000000000000000ca9a3b19a2dca6f3c64b48a45a5a036f8d348a
    """, 4096)
  static let log = bytes("311810067d9a3b730800000000000000200000000a0000000000000000000000", 32)

  private static func bytes(_ digits: String, _ count: Int) -> [UInt8] {
    var rest = digits[...]
    var bytes: [UInt8] = []
    while !rest.isEmpty { bytes.append(UInt8(rest.prefix(2), radix: 16)!); rest = rest.dropFirst(2) }
    return bytes + [UInt8](repeating: 0, count: count - bytes.count)
  }

  @Test("A node is read by its kind, whatever follows it")
  func isRead() {
    #expect(UbifsNode(Self.superblock) == .superblock(logBlocks: 4))
    #expect(UbifsNode(Self.log) == .commitStart)
    #expect(UbifsNode(Self.log + [UInt8](repeating: 0xff, count: 480)) == .commitStart)
  }

  @Test("A node that is cut short at any byte, or has any byte changed, is none")
  func isWhole() {
    for (node, places) in [(Self.log, Array(0..<32)), (Self.superblock, Array(0..<200) + Array(stride(from: 200, to: 4096, by: 97)))] {
      for place in places {
        #expect(UbifsNode(Array(node[..<place])) == nil)
        var changed = node
        changed[place] ^= 0x40
        #expect(UbifsNode(changed) == nil, "byte \(place)")
        // Where nothing is written, flash memory has ones.
        var torn = node
        torn.replaceSubrange(place..., with: [UInt8](repeating: 0xff, count: node.count - place))
        #expect(UbifsNode(torn) == nil, "torn at byte \(place)")
        #expect(UbifsNode.isBegun(in: torn) == (place >= 4))
      }
    }
    #expect(UbifsNode([UInt8](repeating: 0xff, count: 512)) == nil)
    #expect(UbifsNode([UInt8](repeating: 0, count: 512)) == nil)
  }

  /// The blocks in the order in which the kernel writes them.
  private enum Written: Int, CaseIterable { case properties, superblock, directory, index, firstMaster, secondMaster, log }

  /// The facts after the kernel has written these blocks, the last of them cut short if `isTorn`.
  private func facts(upTo last: Written, isTorn: Bool) -> VolumeFacts {
    func isMapped(_ block: Written) -> Bool { block.rawValue <= last.rawValue }
    var facts = VolumeFacts()
    facts.mappedCount = last.rawValue + 1
    facts.superblock = !isMapped(.superblock) ? .unwritten : last == .superblock && isTorn ? .torn : .whole
    facts.areMastersMapped = isMapped(.firstMaster)
    facts.logCount = isMapped(.log) ? 1 : 0
    facts.isLogBegun = isMapped(.log) && !isTorn
    return facts
  }

  @Test("A creation that was cut short is unfinished until the log has its first node")
  func isUnfinished() {
    #expect(!VolumeFacts().isUnfinished, "An empty volume is not unfinished")
    for last in Written.allCases {
      for isTorn in [false, true] {
        #expect(facts(upTo: last, isTorn: isTorn).isUnfinished == (last != .log || isTorn), "\(last), torn \(isTorn)")
      }
    }
  }

  @Test("A file system whose log has moved on is finished")
  func movesOn() {
    var used = facts(upTo: .secondMaster, isTorn: false)
    used.logCount = 1
    used.isLogBegun = true
    #expect(!used.isUnfinished)
    used.isLogBegun = false
    used.logCount = 2
    #expect(!used.isUnfinished)
  }

  @Test("A volume whose update was interrupted is unfinished")
  func isUpdated() {
    var facts = VolumeFacts()
    facts.isUpdateUnfinished = true
    #expect(facts.isUnfinished)
  }

  @Test("Other data is not an unfinished UBIFS")
  func isOther() {
    // A boot loader's environment in one block, in several, or in a volume that nobody else has written since.
    for count in 1...16 {
      var other = VolumeFacts()
      other.mappedCount = count
      other.superblock = .foreign
      #expect(!other.isUnfinished)
      other.areMastersMapped = true
      for superblock in [.unwritten, .torn] as [VolumeFacts.Superblock] {
        other.superblock = superblock
        #expect(!other.isUnfinished)
      }
    }
    var erased = VolumeFacts()
    erased.mappedCount = 1
    erased.superblock = .torn
    #expect(!erased.isUnfinished)
    // More blocks than the kernel writes at first: a file system that lost its log is for its owner to repair.
    var damaged = facts(upTo: .secondMaster, isTorn: false)
    damaged.mappedCount = 16
    #expect(damaged.isUnfinished)
    damaged.mappedCount = 17
    #expect(!damaged.isUnfinished)
  }
}
