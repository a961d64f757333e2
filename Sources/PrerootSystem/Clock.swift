// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The wall clock. See clock_settime(2), CLOCK_REALTIME.
public enum Clock {
  public static var seconds: Int64 { linux_clock_seconds() }

  public static func set(toSeconds seconds: Int64) throws(Errno) { try check(linux_set_clock(seconds)) }
}
