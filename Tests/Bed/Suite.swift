// SPDX-License-Identifier: MIT
/// A release of Debian or Ubuntu a base tree is made of.
public struct Suite: Hashable, Sendable, CustomStringConvertible {
  /// Who signs its archive.
  enum Distribution: Sendable { case debian, ubuntu }

  /// Its code name, as the archive spells it.
  public let name: String
  let distribution: Distribution
  /// What mmdebstrap needs beyond the name to make a base tree.
  let options: [String]
  /// The package with GCC's part of a sysroot, where the suite's libc is older than the one that the programs are linked with here.
  let olderCompiler: String?

  private init(_ name: String, of distribution: Distribution = .debian, options: [String] = [], olderCompiler: String? = nil) {
    self.name = name
    self.distribution = distribution
    self.options = options
    self.olderCompiler = olderCompiler
  }

  /// Debian 11, systemd 247: the oldest that preroot is for. /usr is merged, as the installer of Debian 11 leaves it.
  public static let bullseye = Suite("bullseye", options: ["--setup-hook=/usr/share/mmdebstrap/hooks/merged-usr/setup00.sh"], olderCompiler: "libgcc-10-dev")
  /// Ubuntu 22.04, systemd 249.
  public static let jammy = Suite("jammy", of: .ubuntu)
  /// Debian 12, systemd 252.
  public static let bookworm = Suite("bookworm")
  /// Ubuntu 24.04, systemd 255: generators in a sandbox.
  public static let noble = Suite("noble", of: .ubuntu)
  /// Debian 13, systemd 257: mount(8) by the new system calls.
  public static let trixie = Suite("trixie")

  /// Debian's development version, systemd 262 or later.
  public static let sid = Suite("sid", options: ["--aptopt=Acquire::Check-Valid-Until \"false\""])

  /// In the order of their systemd.
  public static let all = [bullseye, jammy, bookworm, noble, trixie, sid]

  public var description: String { name }
}
