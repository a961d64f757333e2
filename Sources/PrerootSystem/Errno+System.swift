// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Turns a result of CLinux into a value or an error. This is the only place that does.
@discardableResult
func check<Result: FixedWidthInteger & SignedInteger>(_ result: Result) throws(Errno) -> Result {
  guard result >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: 0 &- result)) }
  return result
}

extension Errno {
  /// The C library's message. See strerror(3).
  public var text: Text { unsafe Text(cString: linux_strerror(rawValue)) }
}
