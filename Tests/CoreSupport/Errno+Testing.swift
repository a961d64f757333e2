// SPDX-License-Identifier: MIT
import PrerootCore

/// The error that a call throws, or nil.
public func errno(of body: () throws(Errno) -> Void) -> Errno? {
  do throws(Errno) {
    try body()
    return nil
  } catch { return error }
}
