import CSystemd
import PrerootCore

/// The journal, by its own protocol: fields instead of lines. See sd_journal_sendv(3).
public enum Journal {
  /// Sends one entry; each field is `NAME=value`.
  public static func send(_ fields: [Text]) throws(Errno) {
    // One buffer for all, so that every pointer stays valid for the call.
    var bytes: [UInt8] = []
    for field in fields { bytes.append(contentsOf: field.bytes) }
    let result = unsafe bytes.withUnsafeMutableBytes { all in
      var vectors: [iovec] = unsafe []
      var start = 0
      for field in fields {
        unsafe vectors.append(iovec(iov_base: all.baseAddress! + start, iov_len: field.count))
        start += field.count
      }
      return unsafe vectors.withUnsafeBufferPointer { unsafe systemd_journal_send($0.baseAddress!, Int32($0.count)) }
    }
    guard result >= 0 else { throw Errno(rawValue: -result) }
  }
}
