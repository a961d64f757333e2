// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// A machine with a different processor from the host's, which QEMU emulates.
public struct Board: Hashable, Sendable, CustomStringConvertible {
  /// The architecture's name for `make ARCH=`.
  public let architecture: String
  /// The release of Debian that it boots.
  let suite: Suite
  let program: String
  let arguments: [String]
  let kernel: KernelRecipe
  let console: String
  /// Whether its persistent memory is flash. If not, its kernel has ext4.
  public let hasFlash: Bool
  /// The maximum size of the kernel command line.
  let lineBytes: Int

  /// The Malta board with the VoCore's processor, a 24KEc without an FPU. It takes 255 bytes of kernel command line and cuts off the rest:
  /// see QEMU, hw/mips/malta.c, ENVP_ENTRY_SIZE.
  public static let malta = Board(
    architecture: "mipsel", suite: .bookworm, program: "qemu-system-mipsel", arguments: ["-M", "malta", "-cpu", "24KEc"], kernel: .malta, console: "ttyS0",
    hasFlash: true, lineBytes: 255)
  public static let arm64 = virt("arm64", program: "qemu-system-aarch64", arguments: ["-M", "virt", "-cpu", "cortex-a57"], kernel: .arm64, console: "ttyAMA0")
  /// A kernel for 32 bits does not reach PCI's place above 4 GiB.
  public static let armhf = virt("armhf", program: "qemu-system-arm", arguments: ["-M", "virt,highmem=off", "-cpu", "cortex-a15"], kernel: .armhf, console: "ttyAMA0")
  /// Debian 13 is the first with this architecture.
  public static let riscv64 = virt("riscv64", suite: .trixie, program: "qemu-system-riscv64", arguments: ["-M", "virt"], kernel: .riscv64, console: "ttyS0")

  /// QEMU's own board, which has nothing but what it needs.
  private static func virt(_ architecture: String, suite: Suite = .bookworm, program: String, arguments: [String], kernel: KernelRecipe, console: String) -> Board {
    Board(architecture: architecture, suite: suite, program: program, arguments: arguments, kernel: kernel, console: console, hasFlash: false, lineBytes: 1023)
  }

  public static let all = [malta, arm64, armhf, riscv64]

  public var description: String { "\(architecture) in QEMU" }

  /// The path of the kernel, built unless it is cached.
  ///
  /// - Throws: ``Problem`` if a tool or the source is missing.
  public func kernelProgram() async throws -> FilePath { try await kernel.program() }

  /// The command line of QEMU, with the words that Linux needs for the board.
  ///
  /// QEMU's -icount is off: on a busy host the machine's clock would leap whenever the machine waits for its disk.
  ///
  /// - Throws: ``Problem`` if the words do not fit.
  func command(kernel: FilePath, initramfs: FilePath? = nil, megabytes: Int, drives: [(file: FilePath, isReadOnly: Bool)], words: [String]) throws -> [String] {
    // QEMU puts the place of an initramfs in front of the words for this board: see hw/mips/malta.c.
    let added = initramfs == nil || !hasFlash ? 0 : "rd_start=0xffffffff8fffffff rd_size=99999999 ".utf8.count
    let line = (["ro", "rootwait", "console=\(console)", "panic=-1"] + words).joined(separator: " ")
    guard line.utf8.count + added <= lineBytes else { throw Problem("\(self) takes \(lineBytes) bytes of kernel command line: \(line)") }
    return arguments + (initramfs.map { ["-initrd", $0.string] } ?? []) + ["-m", "\(megabytes)", "-kernel", kernel.string, "-nographic", "-no-reboot", "-nic", "none", "-vga", "none"]
      + drives.flatMap { ["-drive", "file=\($0.file),format=raw,if=virtio,readonly=\($0.isReadOnly ? "on" : "off")"] } + ["-append", line]
  }
}
