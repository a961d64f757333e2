import CSystemd
import PrerootCore

/// The journal, by its own protocol: fields instead of lines. See sd_journal_sendv(3).
public enum Journal {
  /// Sends one entry: `NAME=value` lines.
  public static func send(_ fields: Text) throws(Errno) {
    let result = unsafe fields.bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return Int32(0) }
      return unsafe systemd_journal_send(start, bytes.count)
    }
    guard result >= 0 else { throw Errno(rawValue: -result) }
  }
}
