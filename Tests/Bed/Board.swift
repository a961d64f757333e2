// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// A machine with a different processor from the host's, which QEMU emulates.
public struct Board: Hashable, Sendable, CustomStringConvertible {
  /// The architecture's name for `make ARCH=`.
  public let architecture: String
  /// Debian's name of the directory with the processor's libraries.
  let multiarch: String
  let program: String
  let arguments: [String]
  let kernel: KernelRecipe
  let console: String

  /// The Malta board with the VoCore's processor, a 24KEc without an FPU.
  public static let malta = Board(
    architecture: "mipsel", multiarch: "mipsel-linux-gnu", program: "qemu-system-mipsel", arguments: ["-M", "malta", "-cpu", "24KEc"],
    kernel: .malta, console: "ttyS0")

  public static let all = [malta]

  public var description: String { "\(architecture) in QEMU" }

  /// The command line of QEMU, with the words that Linux needs for the board.
  ///
  /// The machine's clock advances by 4 ns for each instruction, so that a busy host does not make a boot slower for the machine.
  func command(kernel: FilePath, megabytes: Int, drives: [(file: FilePath, isReadOnly: Bool)], words: [String]) -> [String] {
    arguments + ["-m", "\(megabytes)", "-kernel", kernel.string, "-icount", "shift=2,align=off", "-nographic", "-no-reboot", "-nic", "none", "-vga", "none"]
      + drives.flatMap { ["-drive", "file=\($0.file),format=raw,if=virtio,readonly=\($0.isReadOnly ? "on" : "off")"] }
      + ["-append", line]
  }
}
