// SPDX-License-Identifier: MIT
/// A release of Debian or Ubuntu.
public struct Suite: Hashable, Sendable, CustomStringConvertible {
  /// The distribution that signs its archive.
  enum Distribution: Sendable { case debian, ubuntu }

  /// Its code name in the archive.
  public let name: String
  let distribution: Distribution
  /// Additional arguments for mmdebstrap.
  let options: [String]
  /// The package with GCC's part of a sysroot, if the suite's libc is older than that of the host.
  let olderCompiler: String?

  private init(_ name: String, of distribution: Distribution = .debian, options: [String] = [], olderCompiler: String? = nil) {
    self.name = name
    self.distribution = distribution
    self.options = options
    self.olderCompiler = olderCompiler
  }

  /// Debian 11, systemd 247: the oldest that preroot supports. /usr is merged, as by the installer of Debian 11.
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

  /// All suites in the order of their systemd.
  public static let all = [bullseye, jammy, bookworm, noble, trixie, sid]

  public var description: String { name }
}
