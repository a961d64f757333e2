// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension BlockDevice {
  /// The first 4 KiB, which contain every superblock that preroot reads.
  var beginning: Text {
    get throws(Errno) {
      var block = [UInt8](repeating: 0, count: 4096)
      let count = try check(unsafe block.withUnsafeMutableBytes { unsafe linux_read_at(file.rawValue, $0.baseAddress!, $0.count, start) })
      return Text(block[..<count])
    }
  }
}
