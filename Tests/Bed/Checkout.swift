import Foundation
import SystemPackage

/// The source tree this bed was built from.
public enum Checkout {
  /// Its top directory.
  public static let path = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

  /// A file that ships with the bed: the kernel's configuration, the probe and its unit.
  static func bedFile(_ name: String) -> FilePath {
    path.appending("Tests/Bed/files/\(name)")
  }

  /// The text of such a file.
  static func bedText(_ name: String) throws -> String {
    try String(contentsOfFile: bedFile(name).string, encoding: .utf8)
  }

  /// The programs, units and documents as `make install` lays them out below an empty directory, made once per process.
  ///
  /// - Throws: ``Problem`` when the Makefile cannot install them.
  static func installed() async throws -> FilePath {
    try await installation.value
  }

  private static let installation = Task {
    // One per process: the next one may have other programs by now.
    try Cache.tidy("install", keeping: 4)
    let place = try Cache.directory("install").appending(UUID().uuidString)
    try await sh("make", "--no-print-directory", "-C", path.string, "install", "DESTDIR=\(place)")
    return place
  }
}
