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
    case .own:
      let configuration = try Checkout.bedText("kernel.config")
      // Raise the recipe's number with each change of this file that changes the result.
      let fingerprint = Fingerprint(configuration, "recipe 1")
      return try await Cache.shared.thing("kernel-\(fingerprint)", make: Self.build).appending("linux")
    }
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

  @Sendable private static func build(into place: FilePath) async throws {
    say("bed: building a User Mode Linux kernel, once, about six minutes; the log is \(place)/build.log")
    let work = place.appending("work")
    try FileManager.default.createDirectory(atPath: work.string, withIntermediateDirectories: true)
    let (package, name) = try await source(below: work)
    try await sh("dpkg-deb", "--extract", package.string, work.string)
    try await sh("tar", "-xf", "\(work)/usr/src/\(name).tar.xz", "-C", work.string)

    let tree = work.appending(name)
    try await sh("make", "ARCH=um", "tinyconfig", in: tree)
    try await sh("sh", "scripts/kconfig/merge_config.sh", "-m", "-O", ".", ".config", Checkout.bedFile("kernel.config").string, in: tree)
    try await sh("make", "ARCH=um", "olddefconfig", in: tree)
    // This has to run first and alone: in parallel with the rest, headers come too late.
    try await sh("make", "ARCH=um", "prepare", in: tree)
    var make = Command("make", ["ARCH=um", "-j\(ProcessInfo.processInfo.activeProcessorCount)", "linux"], in: tree)
    make.log = place.appending("build.log")
    try await make.output()

    try await sh("strip", "-o", "\(place)/linux", "\(tree)/linux")
    try Data((name + "\n").utf8).write(to: URL(fileURLWithPath: place.appending("source").string))
    try await sh("rm", "-rf", work.string)
  }

  /// The newest kernel source of Debian's sid or, if that is unavailable, of the host's suite.
  private static func source(below work: FilePath) async throws -> (package: FilePath, name: String) {
    let pattern = "^linux-source-[0-9.]+$"
    for suite in ["sid", "bookworm"] {
      do {
        let apt = try await PrivateApt(suite: suite, below: work.appending("apt-\(suite)"))
        guard let name = try await apt.names(matching: pattern).last else { continue }
        return (try await apt.download(name), name)
      } catch let problem as Problem where suite == "sid" {
        say("bed: no kernel source of sid, taking bookworm's, ignoring: \(problem)")
      }
    }
    throw Problem("No package 'linux-source-…' in the archive")
  }
}
