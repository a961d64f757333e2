// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// A User Mode Linux kernel: a Linux kernel that is a program.
public enum Kernel: String, Hashable, Sendable {
  /// Our own, with every file system built in: Debian's newest kernel source and `files/kernel.config`, built once in six minutes.
  case own
  /// The one of Debian's package `user-mode-linux`: ext4 and no overlay but as modules, which the image must hold.
  case packaged

  /// Its program, built where that has not been done yet.
  ///
  /// - Throws: ``Problem`` when a tool or the source is missing.
  public func program() async throws -> FilePath {
    switch self {
    case .packaged:
      let path = FilePath("/usr/bin/linux.uml")
      guard FileManager.default.fileExists(atPath: path.string) else {
        throw Problem("The program 'linux.uml' is missing: install the package 'user-mode-linux'")
      }
      return path
    case .own: return try await KernelRecipe.userModeLinux.program()
    }
  }

  /// The words that make it quick and quiet.
  var words: [String] {
    switch self {
    // Since 6.16: up to 1.6 times as fast as ptrace. An older kernel ignores it.
    case .own: ["seccomp=on"]
    // It has 256 of the old terminals, each of which costs udev 20 ms.
    case .packaged: ["pty.legacy_count=0"]
    }
  }
}
