// SPDX-License-Identifier: MIT
import SystemPackage

/// The set of units that a machine runs.
public enum Profile: String, Hashable, Sendable, CaseIterable {
  /// The units of a device: no package timers, and no terminals that nobody sees.
  case lean
  /// A freshly installed minimal Debian.
  case full

  /// The units that the image masks.
  var masked: [String] {
    switch self {
    case .lean: [
      "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service",
      "fstrim.timer", "getty@.service", "console-getty.service",
    ]
    case .full: []
    }
  }
}

/// The root of a minimal distribution, created once for each suite and never changed: tests' trees share its files by hard links.
enum BaseTree {
  private static let packages = "systemd,systemd-sysv,udev,dbus,kmod"
  /// Manual pages, translations and most documents: a third of the tree, and nothing boots from them.
  private static let exclusions = ["path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/doc/*"]

  /// - Parameter others: more packages that are installed.
  static func path(of suite: Suite, with others: [String] = []) async throws -> FilePath {
    let options = exclusions.map { "--dpkgopt=\($0)" } + suite.options
    let packages = ([packages] + others).joined(separator: ",")
    let fingerprint = Fingerprint(([packages] + options).joined(separator: " "))
    try Cache.shared.tidy("base", keeping: .max)
    return try await Cache.shared.thing("base/\(suite)-\(fingerprint)") { place in
      say("bed: making the base tree of \(suite)\(others.isEmpty ? "" : " with \(others.count) more packages"), once, about \(others.isEmpty ? "a minute" : "five minutes")")
      try await Command("mmdebstrap", ["--quiet", "--variant=minbase", "--include=\(packages)"] + options
        + Keyring.options(for: suite) + [suite.name, place.string]).output()
    }
  }
}
