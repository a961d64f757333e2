// SPDX-License-Identifier: MIT
import SystemPackage

/// A machine with another processor than the host's, which QEMU emulates.
public struct Board: Hashable, Sendable, CustomStringConvertible {
  /// What `make ARCH=` calls its programs.
  public let architecture: String
  /// The processor's libraries, as Debian calls their directory.
  let multiarch: String
  let program: String
  let arguments: [String]
  let kernel: KernelRecipe
  let console: String

  /// MIPS' own board with the VoCore's processor, a 24KEc without an FPU.
  public static let malta = Board(
    architecture: "mipsel", multiarch: "mipsel-linux-gnu", program: "qemu-system-mipsel", arguments: ["-M", "malta", "-cpu", "24KEc"],
    kernel: .malta, console: "ttyS0")

  public static let all = [malta]

  public var description: String { "\(architecture) in QEMU" }

  /// The command line of QEMU, and the words that Linux needs for it.
  ///
  /// The processor's time goes by with the instructions that it runs, 4 ns each, so that a busy host makes a boot no slower for the machine.
  func command(kernel: FilePath, megabytes: Int, drives: [(file: FilePath, isReadOnly: Bool)], words: [String]) -> [String] {
    let machine = ["-m", "\(megabytes)", "-kernel", kernel.string, "-icount", "shift=2,align=off", "-nographic", "-no-reboot", "-nic", "none", "-vga", "none"]
    let disks: [String] = drives.flatMap { ["-drive", "file=\($0.file),format=raw,if=virtio,readonly=\($0.isReadOnly ? "on" : "off")"] }
    let commandLine = ["ro", "rootwait", "console=\(console)", "panic=-1", "systemd.getty_auto=no"] + words
    return arguments + machine + disks + ["-append", commandLine.joined(separator: " ")]
  }
}
