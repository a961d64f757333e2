// SPDX-License-Identifier: MIT
/// What shows a generator whether PID 1 has started units before, so that this is a reload.
///
/// PID 1 makes its socket after the first run of the generators and before it first starts units (systemd: manager_startup()). An initrd
/// with systemd leaves the socket's file behind. There, PID 1 was executed with --switched-root, and until it has a socket of its own, no
/// process listens on that one. None does in a re-execution, either, but its arguments are others (systemd: do_reexecute()).
public struct ManagerSigns: Equatable, Sendable {
  /// Whether /run/systemd/private exists.
  public var hasSocket = false
  /// Whether PID 1 was executed after a switch of the root.
  public var hasSwitchedRoot = false
  /// Whether PID 1 listens on its socket.
  public var isListening = false

  public init() {}

  public static var socket: Text { "/run/systemd/private" }

  /// Returns whether a process listens on the socket, according to the contents of /proc/net/unix: `NUM REFCOUNT PROTOCOL FLAGS TYPE …
  /// PATH`. The flag is the kernel's __SO_ACCEPTCON. See proc_net(5).
  public static func isListening(in table: Text) -> Bool {
    for line in table.lines where line.hasSuffix(socket) {
      let words = line.words
      if words.count == 8, words[7] == socket, words[3] == "00010000" { return true }
    }
    return false
  }
}

extension BootFacts {
  /// Whether PID 1 has started units before. On a running machine, masks would keep later units from starting: after preroot was just
  /// installed, or in a boot that was left alone. But while overlay-prep.service runs, the units have to keep waiting for it after a reload.
  ///
  /// A soft-reboot into another root looks like the end of an initrd. If /run/preroot has something of an earlier stage 1, its masks would
  /// be met.
  var isRunning: Bool {
    if !manager.hasSocket || hasBegun { return false }
    return !manager.hasSwitchedRoot || manager.isListening || ready != nil
  }
}
