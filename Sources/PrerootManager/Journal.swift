// SPDX-License-Identifier: MIT
import CSystemd
import PrerootCore

/// The journal's native protocol, which sends fields instead of lines. See sd_journal_sendv(3).
public enum Journal {
  /// Sends entries: lines `NAME=value`, with an empty line after each entry.
  public static func send(_ entries: Text) throws(Errno) {
    let result = unsafe systemd_journal_send(entries.pointer, entries.count)
    guard result >= 0 else { throw Errno(rawValue: -result) }
  }
}
