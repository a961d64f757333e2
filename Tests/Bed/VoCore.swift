// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The machine that preroot was asked for: a VoCore, with a MIPS 24KEc, 32 MB of memory, and 8 MiB of flash that hold a kernel, a squashfs with
/// systemd, busybox and preroot, and in what is left a JFFS2.
///
/// The flash is a file. Its partitions are those of the VoCore; the kernel in it is not the one that QEMU boots, but the same one, which QEMU
/// has to be given by itself.
struct VoCore: Sendable {
  static let board = Board.malta
  static let megabytes = 32
  /// The directory of this machine's files.
  let place: FilePath
  /// The tree of the root: see files/vocore/make-root.
  let tree: FilePath
  private let kernel: FilePath

  /// A flash, and what it holds.
  struct Flash: Sendable {
    let file: FilePath
    let partitions: [Partition]
  }

  struct Partition: Sendable {
    let name: String
    let bytes: Int
  }

  /// Makes the tree and the kernel.
  ///
  /// - Parameter name: the name of the directory in the cache.
  /// - Throws: ``Problem`` if one of them cannot be made.
  init(_ name: String) async throws {
    let kernel = try await Self.board.kernelProgram()
    let place = try Cache.shared.holding("runs/\(name)")
    try await sh("rm", "-rf", place.string)
    try FileManager.default.createDirectory(atPath: place.string, withIntermediateDirectories: true)
    say("Making the image …")
    try await sh("make", "--no-print-directory", "-C", Checkout.top.string, "install-minimal", "ARCH=\(Self.board.architecture)", "DESTDIR=\(place)/preroot")
    tree = place.appending("root")
    try await sh("bash", Checkout.bedFile("vocore/make-root").string, try await Self.debian().string, "\(place)/preroot", tree.string)
    try await sh("mipsel-linux-gnu-objcopy", "-O", "binary", kernel.string, "\(place)/kernel")
    try await sh("xz", "--format=lzma", "-9e", "\(place)/kernel")
    self.kernel = kernel
    self.place = place
  }

  /// The tree of Debian from which the root takes its parts.
  static func debian() async throws -> FilePath { try await ForeignTree.path(of: board.architecture, board.suite) }

  private static let eraseBlock = 64 << 10
  private static let size = 8 << 20
  /// What is before the kernel: U-Boot, its environment, and what the factory wrote of the radio. See OpenWrt's mt7628an_vocore.dtsi.
  private static let reserved = 320 << 10

  /// Makes a flash with a squashfs of the tree.
  ///
  /// - Parameter name: the name of its file.
  /// - Throws: ``Problem`` if the tree leaves no room for a JFFS2.
  func flash(_ name: String, with tree: FilePath) async throws -> Flash {
    let root = place.appending("\(name).squashfs"), flash = place.appending("\(name).img")
    try await sh("mksquashfs", tree.string, root.string, "-comp", "xz", "-b", "256K", "-all-root", "-no-xattrs", "-noappend", "-quiet", "-no-progress")
    let parts = [("boot", Self.reserved), ("kernel", try bytes(of: "\(place)/kernel.lzma")), ("rootfs", try bytes(of: root.string))]
    let rounded = parts.map { Partition(name: $0.0, bytes: ($0.1 + Self.eraseBlock - 1) / Self.eraseBlock * Self.eraseBlock) }
    let rest = Self.size - rounded.reduce(0) { $0 + $1.bytes }
    guard rest >= 5 * Self.eraseBlock else { throw Problem("Nothing is left of the flash for a JFFS2, which needs five erase blocks") }
    // Erased flash is all ones.
    try await sh("bash", "-c", """
      head -c \(Self.size) /dev/zero | tr '\\0' '\\377' > '\(flash)'
      dd if='\(place)/kernel.lzma' of='\(flash)' bs=64k seek=\(rounded[0].bytes / Self.eraseBlock) conv=notrunc status=none
      dd if='\(root)' of='\(flash)' bs=64k seek=\((rounded[0].bytes + rounded[1].bytes) / Self.eraseBlock) conv=notrunc status=none
      """)
    return Flash(file: flash, partitions: rounded + [Partition(name: "rootfs_data", bytes: rest)])
  }

  private func bytes(of file: String) throws -> Int { (try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0 }

  /// Boots the machine until it powers off.
  ///
  /// - Parameters:
  ///   - name: what the boot is called in errors and in the name of the console's file.
  ///   - words: what the kernel command line has besides what the flash needs.
  /// - Returns: the lines of files/vocore/report.
  /// - Throws: ``Problem`` if the machine does not report.
  func boot(_ name: String, from flash: Flash, initramfs: FilePath? = nil, _ words: [String]) async throws -> [String] {
    // The board has a flash of its own, with three partitions, which stays empty: ours begin at /dev/mtd3.
    let partitions = flash.partitions.dropLast().map { "\($0.bytes >> 10)k(\($0.name))ro" } + ["-(\(flash.partitions.last!.name))"]
    let words = ["root=/dev/mtdblock5", "rootwait", "rootfstype=squashfs", "block2mtd.block2mtd=/dev/vda,65536,f", "mtdparts=f:\(partitions.joined(separator: ","))", "quiet"] + words
    let log = place.appending("console-\(name.replacing(#/[^A-Za-z0-9]+/#, with: "-"))")
    var command = Command("timeout", ["--kill-after=5", "1800", Self.board.program]
      + (try Self.board.command(kernel: kernel, initramfs: initramfs, megabytes: Self.megabytes, drives: [(flash.file, false)], words: words)))
    command.log = log
    try await command.output()
    let console = Console(FileManager.default.contents(atPath: log.string) ?? Data())
    let lines = console.lines.filter { $0.contains("vocore: ") }
      .map { String($0[$0.range(of: "vocore: ")!.upperBound...]) }
    guard lines.last == "the end" else { throw Problem("The boot '\(name)' did not report. The console's end:\n\(console.tail())") }
    return lines.dropLast()
  }
}
