// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

extension Checkout {
  /// Its top directory.
  static let top = FilePath(path.path)

  /// A file that ships with the bed: the kernel's configuration, the probe and its unit.
  static func bedFile(_ name: String) -> FilePath {
    top.appending("Tests/Bed/files/\(name)")
  }

  /// The text of such a file.
  static func bedText(_ name: String) throws -> String {
    try String(contentsOfFile: bedFile(name).string, encoding: .utf8)
  }

  /// The programs, units and documents for a suite as `make install` lays them out below an empty directory, made once per process.
  ///
  /// - Throws: ``Problem`` when the Makefile cannot install them.
  static func installed(for suite: Suite) async throws -> FilePath {
    try await installations.installation(below: Sysroot.path(of: suite))
  }

  private static let installations = Installations()

  /// One for each sysroot: what runs on more than one suite is the same for all of them.
  private actor Installations {
    private var tasks: [FilePath?: Task<FilePath, any Error>] = [:]

    func installation(below sysroot: FilePath?) async throws -> FilePath {
      let task = tasks[sysroot] ?? Task {
        // One per process: the next one may have other programs by now.
        try Cache.shared.tidy("install", keeping: 4)
        let place = try Cache.shared.holding("install/\(UUID().uuidString)")
        try await sh("make", "--no-print-directory", "-C", top.string, "install", "DESTDIR=\(place)", "SYSROOT=\(sysroot?.string ?? "")")
        return place
      }
      tasks[sysroot] = task
      return try await task.value
    }
  }
}
