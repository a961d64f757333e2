// SPDX-License-Identifier: MIT
import CSystemd
import PrerootCore

/// The journal, by its own protocol: fields instead of lines. See sd_journal_sendv(3).
public enum Journal {
  /// Sends entries: `NAME=value` lines with an empty line after each entry.
  public static func send(_ entries: Text) throws(Errno) {
    let result = unsafe entries.bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return Int32(0) }
      return unsafe systemd_journal_send(start, bytes.count)
    }
    guard result >= 0 else { throw Errno(rawValue: -result) }
  }
}
