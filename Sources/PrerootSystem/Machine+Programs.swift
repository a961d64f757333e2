// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension Machine {
  /// Whether no program runs besides PID 1 and this one. The kernel's own threads have no executable. See proc_pid_exe(5).
  public var hasNoOtherProgram: Bool {
    let own = Int(linux_getpid())
    for name in names(in: "/proc") {
      if let process = name.decimalValue, process != 1, process != own, target(ofLink: Text("/proc/") + name + "/exe") != nil { return false }
    }
    return true
  }
}
