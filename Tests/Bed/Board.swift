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
  /// QEMU's -icount is off: on a busy host the machine's clock would leap whenever the machine waits for its disk.
  ///
  /// - Throws: ``Problem`` if the words do not fit. The board takes 255 bytes and cuts off the rest. See QEMU: hw/mips/malta.c, ENVP_ENTRY_SIZE.
  func command(kernel: FilePath, megabytes: Int, drives: [(file: FilePath, isReadOnly: Bool)], words: [String]) throws -> [String] {
    let line = (["ro", "rootwait", "console=\(console)", "panic=-1"] + words).joined(separator: " ")
    guard line.utf8.count < 256 else { throw Problem("\(self) takes 255 bytes of kernel command line: \(line)") }
    return arguments + ["-m", "\(megabytes)", "-kernel", kernel.string, "-nographic", "-no-reboot", "-nic", "none", "-vga", "none"]
      + drives.flatMap { ["-drive", "file=\($0.file),format=raw,if=virtio,readonly=\($0.isReadOnly ? "on" : "off")"] } + ["-append", line]
  }
}
