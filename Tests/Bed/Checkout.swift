// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

extension Checkout {
  /// Its top directory.
  static let top = FilePath(path.path)

  /// A file of the bed, such as the kernel's configuration, the probe or its unit.
  static func bedFile(_ name: String) -> FilePath {
    top.appending("Tests/Bed/files/\(name)")
  }

  /// The text of a file of the bed.
  static func bedText(_ name: String) throws -> String {
    try String(contentsOfFile: bedFile(name).string, encoding: .utf8)
  }

  /// A directory with the files that `make install` installs for a suite, created once for each process.
  ///
  /// - Throws: ``Problem`` if the Makefile cannot install them.
  static func installed(for suite: Suite, _ architecture: String? = nil) async throws -> FilePath {
    try await installations.installation(below: architecture == nil ? Sysroot.path(of: suite) : nil, architecture)
  }

  private static let installations = Installations()

  /// There is one directory for each sysroot and architecture, as suites with the same sysroot get the same programs.
  private actor Installations {
    private var tasks: [[String?]: Task<FilePath, any Error>] = [:]

    func installation(below sysroot: FilePath?, _ architecture: String?) async throws -> FilePath {
      let task = tasks[[sysroot?.string, architecture]] ?? Task {
        // The directory belongs to this process, as the next one may have newer programs.
        try Cache.shared.tidy("install", keeping: 4)
        let place = try Cache.shared.holding("install/\(UUID().uuidString)")
        try await sh("make", "--no-print-directory", "-C", top.string, "install", "DESTDIR=\(place)", "SYSROOT=\(sysroot?.string ?? "")", "ARCH=\(architecture ?? "")")
        return place
      }
      tasks[[sysroot?.string, architecture]] = task
      return try await task.value
    }
  }
}
