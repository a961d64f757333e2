// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The kernel's device events, without udev. Open the socket before the first look, so that none is missed. See netlink(7).
public struct Uevents: ~Copyable {
  private let socket: FileDescriptor

  public init() throws(Errno) { socket = FileDescriptor(try check(linux_open_uevents())) }

  /// Returns after an event, or when the time is over.
  public func wait(microseconds: Int64) throws(Errno) {
    try check(linux_wait_for_input(socket.rawValue, max(microseconds, 0)))
    try check(linux_drain_uevents(socket.rawValue))
  }
}
