// SPDX-License-Identifier: MIT
import Subprocess
import Support
import SystemPackage

/// A program to run for its output.
struct Command: Sendable {
  let name: String
  let arguments: [String]
  var directory: FilePath?
  var environment: [String: String] = [:]
  /// A file that receives the program's output, for programs that print a lot.
  var log: FilePath?

  init(_ name: String, _ arguments: [String], in directory: FilePath? = nil) {
    self.name = name
    self.arguments = arguments
    self.directory = directory
  }

  /// The Debian package of a program that not every system has.
  private static let packages = [
    "mmdebstrap": "mmdebstrap", "mksquashfs": "squashfs-tools", "mkfs.erofs": "erofs-utils", "mke2fs": "e2fsprogs",
    "systemd-nspawn": "systemd-container", "make": "make", "flex": "flex", "bison": "bison", "bc": "bc", "gcc": "gcc",
    "xz": "xz-utils", "strip": "binutils", "linux.uml": "user-mode-linux", "dpkg-deb": "dpkg", "apt-get": "apt", "du": "coreutils",
    "gpg": "gpg", "veritysetup": "cryptsetup-bin", "e2fsck": "e2fsprogs", "dumpe2fs": "e2fsprogs", "debugfs": "e2fsprogs",
    "mkfs.f2fs": "f2fs-tools", "mkfs.vfat": "dosfstools", "sfdisk": "fdisk", "ubinize": "mtd-utils", "lintian": "lintian",
    "qemu-system-mipsel": "qemu-system-mips", "qemu-system-x86_64": "qemu-system-x86", "swtpm": "swtpm", "mipsel-linux-gnu-strip": "gcc-mipsel-linux-gnu",
  ]

  /// Runs the program and returns its output.
  ///
  /// - Throws: ``Problem`` if the program is missing, fails, or prints more than 16 MiB.
  @discardableResult
  func output() async throws -> String {
    let environment = Environment.inherit.updating(
      Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) }))
    let status: TerminationStatus
    let text: String
    do {
      if let log {
        let file = try FileDescriptor.open(log, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        defer { try? file.close() }
        status = try await run(
          .name(name), arguments: Arguments(arguments), environment: environment, workingDirectory: directory,
          output: .fileDescriptor(file, closeAfterSpawningProcess: false), error: .combinedWithOutput
        ).terminationStatus
        text = "see \(log)"
      } else {
        let result = try await run(
          .name(name), arguments: Arguments(arguments), environment: environment, workingDirectory: directory,
          output: .string(limit: 16 << 20), error: .combinedWithOutput)
        status = result.terminationStatus
        text = result.standardOutput
      }
    } catch let error as SubprocessError where error.code == .executableNotFound {
      let hint = Self.packages[name].map { ": install the package '\($0)'" } ?? ""
      throw Problem("The program '\(name)' is missing\(hint)")
    }
    guard status.isSuccess else {
      throw Problem("'\(name) \(arguments.joined(separator: " "))' failed (\(status)): \(text.suffix(2000))")
    }
    return text
  }
}

/// Runs a program and returns its output.
///
/// - Throws: ``Problem`` if the program is missing or fails.
@discardableResult
func sh(_ name: String, _ arguments: String..., in directory: FilePath? = nil) async throws -> String {
  try await Command(name, arguments, in: directory).output()
}
