// SPDX-License-Identifier: MIT
import PrerootCore

extension ManagerSigns {
  /// Reads no more than tells. Does not connect to the socket: PID 1 would log a warning at every reload.
  public init(of machine: borrowing Machine) {
    self.init()
    hasSocket = machine.exists(Self.socket)
    guard hasSocket else { return }
    for argument in machine.text("/proc/1/cmdline").split(at: 0) where argument == "--switched-root" { hasSwitchedRoot = true }
    guard hasSwitchedRoot else { return }
    // A machine may have very many sockets.
    do throws(Errno) { isListening = Self.isListening(in: try machine.root.read("proc/net/unix", limit: 16 << 20)) } catch { isListening = true }
  }
}
