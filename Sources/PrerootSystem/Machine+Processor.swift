// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension Machine {
  /// Returns the processor that a program is for: its class, byte order and machine, in the numbers of its ELF header; nil if it is not an ELF
  /// file, or cannot be read. See elf(5).
  @inline(never) public func processor(of path: Text) -> UInt32? {
    do throws(Errno) {
      let file = try root.open(path.asRelative, .toRead)
      var header = InlineArray<20, UInt8>(repeating: 0)
      var span = header.mutableSpan
      let count = try check(unsafe span.withUnsafeMutableBytes { unsafe linux_read_at(file.rawValue, $0.baseAddress!, $0.count, 0) })
      // e_ident[EI_MAG0…], EI_CLASS, EI_DATA, and e_machine after e_type.
      guard count == 20, header[0] == 0x7f, header[1] == UInt8(ascii: "E"), header[2] == UInt8(ascii: "L"), header[3] == UInt8(ascii: "F") else { return nil }
      return UInt32(header[4]) << 24 | UInt32(header[5]) << 16 | UInt32(header[18]) << 8 | UInt32(header[19])
    } catch { return nil }
  }
}
