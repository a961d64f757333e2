// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The key that signs the archive of Ubuntu. Debian 12 has no package of it.
enum Keyring {
  /// Ubuntu Archive Automatic Signing Key (2018).
  private static let fingerprint = "F6ECB3762474EDA9D21B7022871920D1991BC93C"

  /// The options that make mmdebstrap trust the archive of a suite in addition to those that the host trusts.
  ///
  /// - Throws: ``Problem`` if the archive has no such key or is unreachable.
  static func options(for suite: Suite) async throws -> [String] {
    guard suite.distribution == .ubuntu else { return [] }
    return ["--keyring=\(try await ubuntu(from: suite))"]
  }

  /// The archive's own package has the key. The package needs no signature, as the fingerprint identifies the key.
  private static func ubuntu(from suite: Suite) async throws -> FilePath {
    try await Cache.shared.thing("keys/ubuntu-\(fingerprint).gpg") { place in
      let tree = FilePath(place.string + ".tree"), home = FilePath(place.string + ".home")
      defer { for directory in [tree, home] { try? FileManager.default.removeItem(atPath: directory.string) } }
      try await sh("mmdebstrap", "--quiet", "--variant=extract", "--include=ubuntu-keyring", "--aptopt=Acquire::AllowInsecureRepositories \"true\"",
                   "--aptopt=APT::Get::AllowUnauthenticated \"true\"", suite.name, tree.string)
      try FileManager.default.createDirectory(atPath: home.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try await sh("gpg", "--homedir=\(home)", "--batch", "--quiet", "--no-default-keyring", "--keyring=\(tree)/usr/share/keyrings/ubuntu-archive-keyring.gpg",
                   "--output=\(place)", "--export", fingerprint)
      // gpg succeeds if there is nothing to export, and writes no file.
      guard FileManager.default.fileExists(atPath: place.string) else { throw Problem("The archive of \(suite) has no key \(fingerprint)") }
    }
  }
}
