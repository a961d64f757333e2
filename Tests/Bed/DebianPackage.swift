// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// A Debian package that a test creates, or preroot's own.
public enum DebianPackage {
  /// The package of preroot that `make deb` builds, for this machine or another architecture, built once for each process.
  ///
  /// - Throws: ``Problem`` if the build fails.
  public static func preroot(for architecture: String? = nil) async throws -> FilePath { try await builds.package(for: architecture) }

  /// The same package with another version.
  ///
  /// - Throws: ``Problem`` if the build fails.
  public static func preroot(version: String) async throws -> FilePath {
    let built = try await preroot()
    let fingerprint = Fingerprint(try await sh("sha256sum", built.string), version)
    return try await Cache.shared.thing("packages/preroot_\(version)_\(fingerprint).deb") { package in
      let tree = package.string + ".tree"
      try await sh("rm", "-rf", tree)
      try await sh("dpkg-deb", "--raw-extract", built.string, tree)
      try await sh("sed", "-i", "s/^Version: .*/Version: \(version)/", "\(tree)/DEBIAN/control")
      try await sh("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, package.string)
      try await sh("rm", "-rf", tree)
    }
  }

  /// Checks a package with lintian.
  ///
  /// - Throws: ``Problem`` with the output of lintian if it finds an error or a warning.
  public static func lint(_ package: FilePath) async throws {
    try await sh("lintian", "--allow-root", "--fail-on=error,warning", package.string)
  }

  private static let builds = Builds()

  private actor Builds {
    private var tasks: [String?: Task<FilePath, any Error>] = [:]

    func package(for architecture: String?) async throws -> FilePath {
      let task = tasks[architecture] ?? Task {
        let printed = try await sh("make", "--no-print-directory", "-C", Checkout.top.string, "deb", "ARCH=\(architecture ?? "")")
        guard let name = printed.split(separator: "\n").last else { throw Problem("'make deb' names no package") }
        return Checkout.top.appending(String(name))
      }
      tasks[architecture] = task
      return try await task.value
    }
  }

  /// Creates a package of these files, without scripts. Files below /etc are conffiles.
  ///
  /// - Throws: ``Problem`` if dpkg-deb is missing or fails.
  public static func make(_ name: String, version: String, files: [String: String]) async throws -> FilePath {
    var fingerprint = Fingerprint(name, version)
    for (path, text) in files.sorted(by: { $0.key < $1.key }) { fingerprint.add(path + "\0" + text) }
    return try await Cache.shared.thing("packages/\(name)_\(version)_\(fingerprint).deb") { package in
      let tree = FilePath(package.string + ".tree")
      try await sh("rm", "-rf", tree.string)
      let control = "Package: \(name)\nVersion: \(version)\nArchitecture: all\nMaintainer: The test bed <bed@localhost>\nDescription: a package to install, upgrade and remove\n"
      let conffiles = files.keys.filter { $0.hasPrefix("/etc/") }.sorted().map { $0 + "\n" }.joined()
      for (path, text) in files.merging(["/DEBIAN/control": control, "/DEBIAN/conffiles": conffiles], uniquingKeysWith: { $1 }) {
        let file = URL(fileURLWithPath: tree.string + path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
      try await sh("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree.string, package.string)
      try await sh("rm", "-rf", tree.string)
    }
  }
}
