// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// An open UBI volume. See linux: include/uapi/mtd/ubi-user.h.
struct UbiVolume: ~Copyable {
  private typealias Block = VolumeFacts.Block

  private let file: FileDescriptor

  /// - Parameter name: `ubiN_M`.
  init(_ name: Text, toWrite: Bool = false) throws(Errno) {
    let path = "/dev/" + name
    file = FileDescriptor(try check(unsafe linux_open_device(LINUX_CURRENT_DIRECTORY, path.cString, toWrite ? LINUX_DEVICE_TO_WRITE : LINUX_DEVICE_TO_READ)))
  }

  /// Unmaps all blocks, and returns when the flash memory has that. An interruption leaves the volume unreadable; see
  /// `VolumeFacts.isUpdateUnfinished`.
  func empty() throws(Errno) { try check(linux_ubi_empty(file.rawValue)) }

  /// Reads the facts, only as many as show that a file system is finished.
  ///
  /// - Parameter name: the same as in `init`.
  func facts(_ name: Text, on machine: borrowing Machine) throws(Errno) -> VolumeFacts {
    var facts = VolumeFacts()
    let directory = "/sys/class/ubi/" + name
    // UBIFS needs more blocks than this.
    guard let count = machine.number(directory + "/reserved_ebs"), count > Block.log, let blockBytes = machine.number(directory + "/usable_eb_size")
    else { return facts }
    do throws(Errno) {
      for block in 0..<count where try isMapped(block) {
        facts.mappedCount += 1
        if facts.mappedCount > VolumeFacts.mostCreated { return facts }
      }
    } catch {
      // See linux: drivers/mtd/ubi/kapi.c, ubi_is_mapped().
      guard error == .badFileDescriptor else { throw error }
      facts.isUpdateUnfinished = true
      return facts
    }
    var logBlocks = 1
    if try isMapped(Block.superblock) {
      let bytes = try beginning(of: Block.superblock, blockBytes)
      switch UbifsNode(bytes) {
      case .superblock(let ofLog):
        facts.superblock = .whole
        logBlocks = max(ofLog, 1)
      default: facts.superblock = UbifsNode.isBegun(in: bytes) || bytes.allSatisfy { $0 == 0xff } ? .torn : .foreign
      }
    }
    for block in Block.masters where try isMapped(block) { facts.areMastersMapped = true }
    for block in Block.log..<min(count, Block.log + min(logBlocks, count)) where try isMapped(block) { facts.logCount += 1 }
    facts.isLogBegun = UbifsNode(try beginning(of: Block.log, blockBytes)) == .commitStart
    return facts
  }

  private func isMapped(_ block: Int) throws(Errno) -> Bool { try check(linux_ubi_is_mapped(file.rawValue, Int32(truncatingIfNeeded: block))) == 1 }

  /// Returns the beginning of a block; ones, as of erased flash memory, if it has an error that cannot be corrected, as has a page that was not
  /// written whole.
  private func beginning(of block: Int, _ blockBytes: Int) throws(Errno) -> [UInt8] {
    let erased = [UInt8](repeating: 0xff, count: UbifsNode.bytes)
    var bytes = erased
    do throws(Errno) {
      try check(unsafe bytes.withUnsafeMutableBytes {
        unsafe linux_read_at(file.rawValue, $0.baseAddress!, $0.count, Int64(block) * Int64(blockBytes))
      })
    } catch {
      guard error == .badMessage else { throw error }
      return erased
    }
    return bytes
  }
}

extension Machine {
  fileprivate func number(_ path: Text) -> Int? { contents(path)?.trimmed.decimalValue }
}
