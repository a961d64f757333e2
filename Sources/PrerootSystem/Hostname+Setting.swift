// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension Hostname {
  /// Gives the machine a name. The system call is `sethostname`.
  public static func set(_ name: Text) throws(Errno) { try check(unsafe linux_set_hostname(name.cString)) }
}
