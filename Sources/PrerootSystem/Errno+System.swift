// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Turns CLinux's results into values and errors; nobody else does.
@discardableResult
func check<Result: FixedWidthInteger & SignedInteger>(_ result: Result) throws(Errno) -> Result {
  guard result >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: 0 &- result)) }
  return result
}

/// Makes a system call that takes a path. Out of line, as the next: it is made in many places.
@discardableResult @inline(never)
func with(_ path: Text, _ call: (UnsafePointer<CChar>) -> Int32) throws(Errno) -> Int32 {
  try check(unsafe path.terminated.withCString { unsafe call($0) })
}

/// Makes a system call that takes two texts.
@discardableResult @inline(never)
func with(_ first: Text, _ second: Text, _ call: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32) throws(Errno) -> Int32 {
  let second = second.terminated
  return unsafe try with(first) { first in unsafe second.withCString { unsafe call(first, $0) } }
}

extension Errno {
  /// The C library's words for it. See strerror(3).
  public var text: Text { unsafe Text(cString: linux_strerror(rawValue)) }
}
