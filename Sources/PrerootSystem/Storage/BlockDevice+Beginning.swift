// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension BlockDevice {
  /// The first 4 KiB, which contain every superblock that preroot reads.
  var beginning: Text { get throws(Errno) { try block(at: 0) } }

  /// The 4 KiB from a place on, or fewer at the end.
  @inline(never) func block(at place: Int64) throws(Errno) -> Text {
    var block = [UInt8](repeating: 0, count: 4096)
    return Text(block[..<(try read(&block, at: place))])
  }
}
