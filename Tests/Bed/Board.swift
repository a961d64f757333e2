// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// A machine of QEMU's, most of them with a different processor from the host's.
public struct Board: Hashable, Sendable, CustomStringConvertible {
  /// The bus of its disks and other devices of virtio.
  enum Bus: String, Hashable {
    case pci, mmio = "device"
  }

  /// The architecture's name for `make ARCH=`.
  public let architecture: String
  /// Whether the host's programs run on it: its trees are those of User Mode Linux.
  var isHosts = false
  var name: String { isHosts ? String(arguments[1].prefix { $0 != "," }) : architecture }
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
  var bus = Bus.pci

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

  /// QEMU's microVM, which has what Firecracker's has: devices of virtio without PCI, and a serial console. With ACPI, Linux would use no other timer to
  /// measure the speed of its own, and on a busy host an emulated processor would never be done. Without, it has no power-off: it halts.
  public static let microvm = x86("microvm,acpi=off,pit=on,pic=on,rtc=on", bus: .mmio)
  /// QEMU's usual PC, with PCI.
  public static let q35 = x86("q35", bus: .pci)

  /// A machine with the host's processor, or one like it; see ``Acceleration``. In a virtual machine, QEMU 7.2 may stumble over what the processor says
  /// about its architecture.
  private static func x86(_ machine: String, bus: Bus) -> Board {
    Board(
      architecture: "amd64", isHosts: true, suite: .bookworm, program: "qemu-system-x86_64",
      arguments: ["-M", machine, "-cpu", "max,-arch-capabilities", "-global", "virtio-mmio.force-legacy=false"], kernel: .amd64, console: "ttyS0", hasFlash: false, lineBytes: 2047, bus: bus)
  }

  /// The boards with another processor.
  public static let foreign = [malta, arm64, armhf, riscv64]

  public var description: String { "\(name) in QEMU" }

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
    let line = (["ro", "console=\(console)", "panic=-1"] + words).joined(separator: " ")
    guard line.utf8.count + added <= lineBytes else { throw Problem("\(self) takes \(lineBytes) bytes of kernel command line: \(line)") }
    return arguments + (initramfs.map { ["-initrd", $0.string] } ?? []) + ["-m", "\(megabytes)", "-kernel", kernel.string, "-nographic", "-no-reboot", "-nic", "none", "-vga", "none"]
      + drives.enumerated().flatMap { drive(as: "drive\($0.offset)", $0.element.file, isReadOnly: $0.element.isReadOnly) } + ["-append", line]
  }

  /// Several machines may share a file that none of them writes to.
  private func drive(as name: String, _ file: FilePath, isReadOnly: Bool) -> [String] {
    ["-drive", "file=\(file),format=raw,if=none,id=\(name),readonly=\(isReadOnly ? "on" : "off")", "-device", "\(device("blk")),drive=\(name)"]
  }

  /// QEMU's name of a device of virtio.
  func device(_ name: String) -> String { "virtio-\(name)-\(bus.rawValue)" }
}
