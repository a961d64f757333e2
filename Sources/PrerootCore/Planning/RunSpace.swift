// SPDX-License-Identifier: MIT
/// systemd 247 to 257 refuses to reload with less than 16 MiB free on /run (RELOAD_DISK_SPACE_MIN, systemd: reload_space
/// check in dbus-manager.c), and /run is a fifth of the memory: with less than some 85 MB of it no reload would ever be.
/// So /run is made larger for that moment; it is a limit, not memory in use.
public struct RunSpace: Equatable, Sendable {
  public static var neededForReload: Int64 { 16 << 20 }
  /// What may be written between looking and the reload: generators' output.
  static var reserve: Int64 { 4 << 20 }

  /// In bytes.
  public var total: Int64
  public var free: Int64

  public init(total: Int64, free: Int64) {
    self.total = total
    self.free = free
  }

  /// The size to give it, in bytes; nil where it is large enough.
  public var grown: Int64? {
    free >= Self.neededForReload ? nil : total - free + Self.neededForReload + Self.reserve
  }
}
