// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// A User Mode Linux kernel: a Linux kernel that is a program.
public enum Kernel: String, Hashable, Sendable {
  /// Our own kernel with all file systems built in, from Debian's newest kernel source and `files/kernel.config`. It takes six minutes once.
  case own
  /// The kernel of Debian's package `user-mode-linux`. It has ext4; overlayfs is a module, which the image must have.
  case packaged

  /// The path of the kernel, built unless it is cached.
  ///
  /// - Throws: ``Problem`` if a tool or the source is missing.
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

  /// Returns whether programs run on this kernel on this processor. Debian's 6.1 kills all of them on a processor with AMX, because it has no room
  /// for the registers ("ptrace set fp regs failed").
  func runsPrograms() async throws -> Bool {
    let words = "mem=64M rootfstype=hostfs root=none rootflags=/ ro init=/bin/true con=null con0=null,fd:1 panic=-1"
    // The kernel panics in any case when its first program exits.
    let script = "timeout 30 \(try await program()) \((words.split(separator: " ").map(String.init) + self.words).joined(separator: " ")) 2>&1 | grep -q exitcode=0x00000000"
    do { try await sh("sh", "-c", script) } catch { return false }
    return true
  }

  /// The words that make the kernel quick and quiet.
  var words: [String] {
    switch self {
    // Linux 6.16 and later: up to 1.6 times as fast as ptrace. Older kernels ignore it.
    case .own: ["seccomp=on"]
    // By default there are 256 legacy terminals, each of which costs udev 20 ms.
    case .packaged: ["pty.legacy_count=0"]
    }
  }
}
