// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// A C source of the bed, compiled once for the machines under test.
enum CProgram {
  /// Returns a static program, which runs on every suite.
  ///
  /// - Throws: ``Problem`` if it does not compile.
  static func program(_ name: String) async throws -> FilePath {
    try await compiled(name, as: "", "-static", "-Wextra")
  }

  /// Returns a library to preload.
  ///
  /// - Throws: ``Problem`` if it does not compile.
  static func library(_ name: String, linking libraries: String...) async throws -> FilePath {
    try await compiled(name, as: ".so", "-shared", "-fPIC", linking: libraries)
  }

  private static func compiled(_ name: String, as suffix: String, _ options: String..., linking libraries: [String] = []) async throws -> FilePath {
    let source = "\(name).c"
    let fingerprint = Fingerprint(try Checkout.bedText(source))
    return try await Cache.shared.thing("packages/\(name)-\(fingerprint)\(suffix)") { place in
      try await Command("gcc", options + ["-O1", "-Wall", "-x", "c", Checkout.bedFile(source).string, "-o", place.string] + libraries).output()
    }
  }
}
