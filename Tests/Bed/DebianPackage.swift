import Foundation
import SystemPackage

/// A Debian package made for a test: files and no scripts.
public enum DebianPackage {
  /// Makes one of these files, where those below /etc are conffiles.
  ///
  /// - Throws: ``Problem`` where dpkg-deb is missing or fails.
  public static func make(_ name: String, version: String, files: [String: String]) async throws -> FilePath {
    var fingerprint = Fingerprint(name, version)
    for (path, text) in files.sorted(by: { $0.key < $1.key }) { fingerprint.add(path + "\0" + text) }
    return try await Cache.thing("packages/\(name)_\(version)_\(fingerprint).deb") { package in
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
