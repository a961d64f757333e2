// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The kernel's word that a device came or went, without udev. Opened before the first look, none is missed. See netlink(7).
public struct Uevents: ~Copyable {
  private let socket: FileDescriptor

  public init() throws(Errno) { socket = FileDescriptor(try check(linux_open_uevents())) }

  /// Returns when something has happened, and at the latest after that time.
  public func wait(microseconds: Int64) throws(Errno) {
    try check(linux_wait_for_input(socket.rawValue, max(microseconds, 0)))
    try check(linux_drain_uevents(socket.rawValue))
  }
}
