// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Turns CLinux's results into values and errors; nobody else does.
@discardableResult
func check<Result: FixedWidthInteger & SignedInteger>(_ result: Result) throws(Errno) -> Result {
  guard result >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: 0 &- result)) }
  return result
}

extension Errno {
  /// The C library's words for it. See strerror(3).
  public var text: Text { unsafe Text(cString: linux_strerror(rawValue)) }
}
