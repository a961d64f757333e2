/// A release of Debian or Ubuntu a base tree is made of.
public struct Suite: Hashable, Sendable, CustomStringConvertible {
  /// Its code name, as the archive spells it.
  public let name: String
  /// What mmdebstrap needs beyond the name, for archives the host does not know.
  let options: [String]

  /// Debian 12, systemd 252.
  public static let bookworm = Suite(name: "bookworm", options: [])
  /// Debian 13, systemd 257: generators in a sandbox, mount(8) by the new system calls.
  public static let trixie = Suite(name: "trixie", options: [])

  /// Debian's development version, systemd 262 or later.
  public static let sid = Suite(name: "sid", options: ["--aptopt=Acquire::Check-Valid-Until \"false\""])

  public static let all = [bookworm, trixie, sid]

  public var description: String { name }
}
