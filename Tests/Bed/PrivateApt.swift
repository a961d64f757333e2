// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// A separate apt root for a suite that the host's sources lack. The host's packages do not change.
struct PrivateApt {
  private let options: [String]
  private let downloads: FilePath

  /// Reads the lists of a suite from the mirror that the host's own sources name.
  ///
  /// This does not check the archive's signature: an old host lacks the keys of a new suite, and its clock may be wrong. The packages
  /// run only inside User Mode Linux.
  ///
  /// - Parameter architecture: Debian's name of the packages' architecture; nil for the host's.
  init(suite: String, architecture: String? = nil, below directory: FilePath) async throws {
    for name in ["state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d", "etc/trusted.gpg.d"] {
      try FileManager.default.createDirectory(atPath: directory.appending(name).string, withIntermediateDirectories: true)
    }
    try Data().write(to: URL(fileURLWithPath: directory.appending("state/status").string))
    try Data("deb [trusted=yes] \(try await Self.debianMirror()) \(suite) main\n".utf8)
      .write(to: URL(fileURLWithPath: directory.appending("etc/sources.list").string))
    downloads = directory.appending("downloads")
    try FileManager.default.createDirectory(atPath: downloads.string, withIntermediateDirectories: true)
    options = [
      "Dir::Etc=\(directory)/etc", "Dir::Etc::sourcelist=\(directory)/etc/sources.list", "Dir::Etc::sourceparts=/dev/null",
      "Dir::State=\(directory)/state", "Dir::State::status=\(directory)/state/status", "Dir::Cache=\(directory)/cache",
      "Acquire::Check-Valid-Until=false", "Acquire::Languages=none", "APT::Sandbox::User=root",
    ].flatMap { ["-o", $0] } + (architecture.map { ["-o", "APT::Architecture=\($0)", "-o", "APT::Architectures=\($0)"] } ?? []) + ["-qq"]
    try await Command("apt-get", options + ["update"]).output()
  }

  /// The mirror of Debian that the host's own sources name.
  ///
  /// - Throws: ``Problem`` if there is none.
  static func debianMirror() async throws -> String {
    let sites = try await sh("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages").split(separator: "\n")
    guard let mirror = sites.first(where: { $0.hasSuffix("/debian") || $0.hasSuffix("/debian/") }) else {
      throw Problem("No Debian mirror in this machine's apt sources (is 'apt-get update' due?)")
    }
    return String(mirror)
  }

  /// The names of the packages that match a pattern, in the order of their versions.
  func names(matching pattern: String) async throws -> [String] {
    try await Command("apt-cache", options + ["search", "--names-only", pattern]).output()
      .split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
      .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
  }

  /// Downloads a package and returns its file.
  func download(_ package: String) async throws -> FilePath {
    try await Command("apt-get", options + ["download", package], in: downloads).output()
    guard let file = try FileManager.default.contentsOfDirectory(atPath: downloads.string).first(where: { $0.hasPrefix(package + "_") }) else {
      throw Problem("apt-get downloaded no '\(package)'")
    }
    return downloads.appending(file)
  }
}
