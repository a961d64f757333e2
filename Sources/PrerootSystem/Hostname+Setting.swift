// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension Hostname {
  /// Sets the machine's host name. The system call is `sethostname`.
  public static func set(_ name: Text) throws(Errno) { try check(unsafe linux_set_hostname(name.cString)) }
}
