// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// A recipe for building a kernel from Debian's source, once.
struct KernelRecipe: Hashable, Sendable {
  /// The kernel's name in the cache.
  let name: String
  /// The variables of the kernel's makefile for the processor.
  let variables: [String]
  /// The compiler's prefix.
  let tools: String
  /// The base configuration without its modules, as there is no initramfs to load them from.
  let defaults: String
  /// A file of the bed with changes to that configuration.
  let configuration: String
  /// The suites that may provide the source. The bed names each that is unavailable.
  let suites: [String]
  /// What to build, and the file that it is.
  let target: String
  let result: String
  /// Modules to keep, for drivers that need options when they are loaded.
  let modules: [String]
  /// Raise this with each change of this file that changes the result.
  let revision: Int
  let duration: String

  /// The kernel with every file system built in.
  static let userModeLinux = KernelRecipe(
    name: "kernel", variables: ["ARCH=um"], tools: "", defaults: "tinyconfig", configuration: "kernel.config", suites: ["sid", "bookworm"],
    target: "linux", result: "linux", modules: ["drivers/mtd/nand/raw/nandsim.ko"], revision: 2, duration: "about six minutes")
  /// The smallest kernel for a machine like the VoCore, with the same page size of 4 KiB.
  static let malta = KernelRecipe(
    name: "kernel-malta", variables: ["ARCH=mips", "CROSS_COMPILE=mipsel-linux-gnu-"], tools: "mipsel-linux-gnu-", defaults: "tinyconfig",
    configuration: "malta.config", suites: ["bookworm"], target: "vmlinux", result: "vmlinux", modules: [], revision: 2, duration: "about three minutes")
  /// The kernel of a microVM and of a PC, with what no other one has: roots that are no block device, SELinux and a TPM. QEMU starts an ELF file of
  /// x86_64 itself (PVH).
  static let amd64 = KernelRecipe(
    name: "kernel-amd64", variables: ["ARCH=x86_64"], tools: "", defaults: "tinyconfig", configuration: "x86.config", suites: ["bookworm"],
    target: "vmlinux", result: "vmlinux", modules: [], revision: 1, duration: "about ten minutes")
  static let arm64 = virt("arm64", as: "arm64", tools: "aarch64-linux-gnu-", target: "Image")
  static let armhf = virt("armhf", as: "arm", tools: "arm-linux-gnueabihf-", target: "zImage")
  static let riscv64 = virt("riscv64", as: "riscv", tools: "riscv64-linux-gnu-", target: "Image")

  /// A kernel for QEMU's own board, with nothing else in it.
  private static func virt(_ name: String, as architecture: String, tools: String, target: String) -> KernelRecipe {
    KernelRecipe(
      name: "kernel-\(name)", variables: ["ARCH=\(architecture)", "CROSS_COMPILE=\(tools)"], tools: tools, defaults: "tinyconfig", configuration: "virt.config",
      suites: ["bookworm"], target: target, result: "arch/\(architecture)/boot/\(target)", modules: [], revision: 1, duration: "about ten minutes")
  }

  private var product: String { FilePath(result).lastComponent!.string }

  /// The path of the kernel, built unless it is cached.
  ///
  /// - Throws: ``Problem`` if a tool or the source is missing.
  func program() async throws -> FilePath {
    let fingerprint = Fingerprint(try Checkout.bedText(configuration), "recipe \(revision)")
    return try await Cache.shared.thing("\(name)-\(fingerprint)", make: build).appending(product)
  }

  @Sendable private func build(into place: FilePath) async throws {
    say("bed: building a kernel, \(name), once, \(duration); the log is \(place)/build.log")
    let work = place.appending("work")
    try FileManager.default.createDirectory(atPath: work.string, withIntermediateDirectories: true)
    let (package, name) = try await source(below: work)
    try await sh("dpkg-deb", "--extract", package.string, work.string)
    try await sh("tar", "-xf", "\(work)/usr/src/\(name).tar.xz", "-C", work.string)

    let tree = work.appending(name)
    // A patch to the emulator of NAND flash keeps its contents when the machine is off.
    if !modules.isEmpty { try await sh("sed", "-i", "-f", Checkout.bedFile("nandsim.sed").string, "drivers/mtd/nand/raw/nandsim.c", in: tree) }
    func make(_ target: String) async throws { try await Command("make", variables + [target], in: tree).output() }
    try await make(defaults)
    try await sh("sed", "-i", "/=m$/d", ".config", in: tree)
    try await sh("sh", "scripts/kconfig/merge_config.sh", "-m", "-O", ".", ".config", Checkout.bedFile(configuration).string, in: tree)
    try await make("olddefconfig")
    // This has to run first and alone: in parallel with the rest, headers come too late.
    try await make("prepare")
    var make = Command("make", variables + ["-j\(ProcessInfo.processInfo.activeProcessorCount)", target] + (modules.isEmpty ? [] : ["modules"]), in: tree)
    make.log = place.appending("build.log")
    try await make.output()

    // Others than an ELF file are stripped when they are made.
    if result == target { try await sh("\(tools)strip", "-o", "\(place)/\(product)", "\(tree)/\(result)") } else { try await sh("cp", "\(tree)/\(result)", "\(place)/\(product)") }
    for module in modules { try await sh("\(tools)strip", "--strip-debug", "-o", "\(place)/\(FilePath(module).lastComponent!)", "\(tree)/\(module)") }
    try Data((name + "\n").utf8).write(to: URL(fileURLWithPath: place.appending("source").string))
    try await sh("rm", "-rf", work.string)
  }

  /// The newest kernel source of the first of the suites that has one.
  private func source(below work: FilePath) async throws -> (package: FilePath, name: String) {
    for suite in suites {
      do {
        let apt = try await PrivateApt(suite: suite, below: work.appending("apt-\(suite)"))
        guard let name = try await apt.names(matching: "^linux-source-[0-9.]+$").last else { continue }
        return (try await apt.download(name), name)
      } catch let problem as Problem where suite != suites.last {
        say("bed: no kernel source of \(suite), taking another release's, ignoring: \(problem)")
      }
    }
    throw Problem("No package 'linux-source-…' in the archive")
  }
}
