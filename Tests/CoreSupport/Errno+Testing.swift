// SPDX-License-Identifier: MIT
import PrerootCore

/// The error that a call throws; nil where it throws none.
public func errno(of body: () throws(Errno) -> Void) -> Errno? {
  do throws(Errno) {
    try body()
    return nil
  } catch { return error }
}
