// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// /dev/kmsg: the only log before journald runs. A machine without it boots, too, but silently. See kmsg(4).
///
/// A class, so that passing it costs one pointer.
public final class KernelLog {
  private let file: FileDescriptor?
  private let ident: Text
  private let processID = Int(linux_getpid())

  public init(of machine: borrowing Machine, ident: Text) {
    self.ident = ident
    do throws(Errno) { file = try machine.root.openLog("dev/kmsg") } catch { file = nil }
  }

  @inline(never) public func say(_ remark: Remark) {
    let line = KernelLogLine(remark, ident: ident, processID: processID)
    try? file?.write(line.text)
  }

  public func say(_ priority: Remark.Priority, _ text: Text) { say(Remark(priority, text)) }

  /// Logs `TEXT: WHY`.
  @inline(never) public func say(_ priority: Remark.Priority, _ text: Text, _ errno: Errno) {
    say(priority, text + ": " + errno.text)
  }
}
