// SPDX-License-Identifier: MIT
/// systemd 247 to 257 refuses to reload with less than 16 MiB free on /run (RELOAD_DISK_SPACE_MIN, systemd: reload_space check in
/// dbus-manager.c). /run is limited to a fifth of the memory, so a machine with less than about 85 MB could never reload. preroot enlarges
/// /run for the reload; the size is a limit, not memory in use.
public struct RunSpace: Equatable, Sendable {
  public static var neededForReload: Int64 { 16 << 20 }
  /// Space for the generators' output between this check and the reload.
  static var reserve: Int64 { 4 << 20 }

  /// In bytes.
  public var total: Int64
  public var free: Int64

  public init(total: Int64, free: Int64) {
    self.total = total
    self.free = free
  }

  /// The size to set, in bytes; nil if there is enough free space.
  public var grown: Int64? {
    free >= Self.neededForReload ? nil : total - free + Self.neededForReload + Self.reserve
  }
}
