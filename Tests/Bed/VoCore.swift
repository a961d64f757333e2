// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The machine that preroot was asked for: a VoCore, with a MIPS 24KEc, 32 MB of memory, and 8 MiB of flash that hold a kernel, a squashfs with
/// systemd, busybox and preroot, and in what is left a JFFS2.
///
/// The flash is a file. Its partitions are those of the VoCore; the kernel in it is not the one that QEMU boots, but the same one, which QEMU
/// has to be given by itself.
public enum VoCore {
  private static let board = Board.malta
  private static let eraseBlock = 64 << 10
  private static let size = 8 << 20
  /// What is before the kernel: U-Boot, its environment, and what the factory wrote of the radio. See OpenWrt's mt7628an_vocore.dtsi.
  private static let reserved = [("boot", 320 << 10)]

  /// One boot, and what the machine said of it.
  private struct Boot {
    let name: String
    let lines: [String]
  }

  /// Makes the flash, boots it without preroot, with a tmpfs, and four times with the JFFS2, and prints what each boot said, and what takes
  /// how much of the flash.
  ///
  /// - Throws: ``Problem`` if the flash cannot be created or a boot does not end.
  public static func show() async throws {
    let kernel = try await board.kernelProgram()
    let place = try Cache.shared.holding("runs/vocore")
    try await sh("rm", "-rf", place.string)
    try FileManager.default.createDirectory(atPath: place.string, withIntermediateDirectories: true)
    say("Making the image …")
    let (root, sizes) = try await image(below: place)
    try await sh("mipsel-linux-gnu-objcopy", "-O", "binary", kernel.string, "\(place)/kernel")
    try await sh("xz", "--format=lzma", "-9e", "\(place)/kernel")
    let parts = try reserved + [("kernel", bytes(of: "\(place)/kernel.lzma")), ("rootfs", bytes(of: root.string))]
    let rounded = parts.map { ($0.0, ($0.1 + eraseBlock - 1) / eraseBlock * eraseBlock) }
    let rest = size - rounded.reduce(0) { $0 + $1.1 }
    guard rest >= 5 * eraseBlock else { throw Problem("Nothing is left of the flash for a JFFS2, which needs five erase blocks") }
    let flash = place.appending("flash.img")
    // Erased flash is all ones.
    try await sh("bash", "-c", """
      head -c \(size) /dev/zero | tr '\\0' '\\377' > '\(flash)'
      dd if='\(place)/kernel.lzma' of='\(flash)' bs=64k seek=\(rounded[..<1].reduce(0) { $0 + $1.1 } / eraseBlock) conv=notrunc status=none
      dd if='\(root)' of='\(flash)' bs=64k seek=\(rounded[..<2].reduce(0) { $0 + $1.1 } / eraseBlock) conv=notrunc status=none
      """)
    let partitions = rounded.map { "\($0.1 >> 10)k(\($0.0))ro" }.joined(separator: ",") + ",-(rootfs_data)"

    say("\nThe flash, \(size) bytes in erase blocks of \(eraseBlock):\n")
    for (name, bytes) in rounded + [("rootfs_data", rest)] { say("  " + name.padding(toLength: 14, withPad: " ", startingAt: 0) + pad(bytes)) }
    say("\nOf the squashfs, compressed by itself with xz, the largest:\n")
    for line in sizes { say("  " + line) }

    var boots: [Boot] = []
    for (name, word) in [("plain", "preroot=no"), ("tmpfs", "preroot=tmpfs")] + (1...4).map({ ("JFFS2 \($0)", "preroot=mtd:rootfs_data") }) {
      say("\nBooting, \(name): \(word) …")
      boots.append(try await boot(name, word, kernel: kernel, flash: flash, partitions: partitions, log: place.appending("console-\(name.replacing(" ", with: "-"))")))
      for line in boots.last!.lines { say("  " + line) }
    }
    guard boots[2...].enumerated().allSatisfy({ index, boot in boot.lines.contains { $0.contains("running after") && $0.contains("boot \(index + 1) by what is kept") } }) else {
      throw Problem("Not every boot on the flash was 'running', or kept what the one before had written")
    }
  }

  private static func bytes(of file: String) throws -> Int { (try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0 }

  private static func pad(_ number: Int) -> String {
    let digits = "\(number)"
    return String(repeating: " ", count: max(0, 10 - digits.count)) + digits
  }

  /// The squashfs, and what is in it, a line each.
  private static func image(below place: FilePath) async throws -> (FilePath, [String]) {
    let debian = try await ForeignTree.path(of: board.architecture, .bookworm)
    try await sh("make", "--no-print-directory", "-C", Checkout.top.string, "install-minimal", "ARCH=\(board.architecture)", "DESTDIR=\(place)/preroot")
    let tree = place.appending("root"), image = place.appending("root.squashfs")
    try await sh("bash", Checkout.bedFile("vocore/make-root").string, debian.string, "\(place)/preroot", tree.string)
    try await sh("mksquashfs", tree.string, image.string, "-comp", "xz", "-b", "256K", "-all-root", "-no-xattrs", "-noappend", "-quiet", "-no-progress")
    let sizes = try await sh("bash", "-c", """
      find . -type f -size +20k -printf '%P\\n' | while read -r file; do printf '%9d %s\\n' "$(xz -9e -c "$file" | wc -c)" "$file"; done | sort -rn | head -n 16
      printf '%9d all units, the generator and the helper of preroot\\n' "$(cat $(find . -path '*preroot*' -type f) $(find . -name 'overlay-prep*' -type f) | xz -9e -c | wc -c)"
      """, in: tree)
    return (image, sizes.split(separator: "\n").map(String.init))
  }

  private static func boot(_ name: String, _ word: String, kernel: FilePath, flash: FilePath, partitions: String, log: FilePath) async throws -> Boot {
    // The board has a flash of its own, with three partitions, which stays empty: ours begin at /dev/mtd3.
    let words = ["root=/dev/mtdblock5", "rootfstype=squashfs", "block2mtd.block2mtd=/dev/vda,65536,f", "mtdparts=f:\(partitions)", "quiet", word]
    var command = Command("timeout", ["--kill-after=5", "1800", board.program]
      + (try board.command(kernel: kernel, megabytes: 32, drives: [(flash, false)], words: words)))
    command.log = log
    try await command.output()
    let console = Console(FileManager.default.contents(atPath: log.string) ?? Data())
    let lines = console.lines.filter { $0.contains("vocore: ") }
      .map { String($0[$0.range(of: "vocore: ")!.upperBound...]) }
    guard lines.last == "the end" else { throw Problem("The boot '\(name)' did not report. The console's end:\n\(console.tail())") }
    return Boot(name: name, lines: lines.dropLast())
  }
}
