// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

extension Disk {
  /// A disk with an ext4 file system.
  ///
  /// - Throws: ``Problem`` if a tool is missing or fails. The same holds for the functions below.
  public static func ext4(megabytes: Int = 64, label: String? = nil, uuid: String? = nil) async throws -> Disk {
    let disk = try blank(megabytes: megabytes)
    try await disk.makeExt4(label: label, uuid: uuid)
    return disk
  }

  /// A disk with an f2fs file system.
  public static func f2fs(megabytes: Int = 64, label: String = "", uuid: String? = nil) async throws -> Disk {
    let disk = try blank(megabytes: megabytes)
    try await Command("mkfs.f2fs", ["-q", "-l", label] + (uuid.map { ["-U", $0] } ?? []) + [disk.path.string]).output()
    return disk
  }

  /// A disk with a FAT file system, which has no owners, modes or links.
  public static func vfat(megabytes: Int = 64, label: String = "NONE") async throws -> Disk {
    let disk = try blank(megabytes: megabytes)
    try await sh("mkfs.vfat", "-n", label, disk.path.string)
    return disk
  }

  /// A disk with a partition table (GPT) and one partition, 1 MiB from its start, that holds an ext4 file system.
  public static func partitioned(megabytes: Int = 64, partitionLabel: String, partitionUUID: String, label: String? = nil, uuid: String? = nil) async throws -> Disk {
    var disk = try blank(megabytes: megabytes)
    let table = FilePath(disk.path.string + ".table")
    try Data("label: gpt\nstart=2048, name=\"\(partitionLabel)\", uuid=\(partitionUUID)\n".utf8).write(to: URL(fileURLWithPath: table.string))
    try await sh("sh", "-c", "sfdisk --quiet \(disk.path) < \(table) && rm \(table)")
    disk.offset = 1 << 20
    // The last MiB holds the backup of the table.
    try await disk.makeExt4(label: label, uuid: uuid, size: "\(megabytes - 2)m")
    return disk
  }

  /// A disk with an image of a tree and this much room behind it, in whole blocks of flash memory. With the word `root=/dev/ubdb` a machine boots from it.
  public static func image(_ kind: ImageKind, of tree: Tree, roomInMegabytes megabytes: Int = 64) async throws -> Disk {
    let disk = try blank(megabytes: 0)
    let image = try await kind.image(of: tree)
    try await sh("sh", "-c", "cp \(image) \(disk.path) && truncate -s +\(megabytes)M \(disk.path) && truncate -s %64K \(disk.path)")
    return disk
  }

  /// Writes another image over the beginning, as dd does.
  public func overwrite(with kind: ImageKind, of tree: Tree) async throws {
    try await sh("dd", "if=\(try await kind.image(of: tree))", "of=\(path)", "bs=1M", "conv=notrunc", "status=none")
  }

  /// The same disk, whose file system is behind the squashfs at its beginning.
  public var tail: Disk {
    get throws {
      let file = try FileDescriptor.open(path, .readOnly)
      defer { try? file.close() }
      var end: UInt64 = 0
      _ = try withUnsafeMutableBytes(of: &end) { try file.read(fromAbsoluteOffset: 40, into: $0) }
      var disk = self
      disk.offset = (Int(end) + 65535) / 65536 * 65536
      return disk
    }
  }

  /// Erased flash memory, on which JFFS2 mounts without formatting.
  public static func flash(megabytes: Int = 8) async throws -> Disk {
    var disk = try blank(megabytes: 0)
    disk.kind = .flash(name: "flash")
    try await disk.fill(to: megabytes)
    return disk
  }

  /// Flash memory with UBI and one empty volume of its full size, on which UBIFS mounts without formatting.
  public static func ubi(megabytes: Int = 16, volume: String) async throws -> Disk {
    var disk = try blank(megabytes: 0)
    disk.kind = .flash(name: "ubi")
    let plan = FilePath(disk.path.string + ".ini")
    try Data("[\(volume)]\nmode=ubi\nvol_id=0\nvol_type=dynamic\nvol_name=\(volume)\nvol_size=1MiB\nvol_flags=autoresize\n".utf8)
      .write(to: URL(fileURLWithPath: plan.string))
    // Like NOR flash, this kind can write single bytes.
    try await sh("ubinize", "--output=\(disk.path)", "--peb-size=64KiB", "--min-io-size=1", plan.string)
    try await sh("rm", plan.string)
    try await disk.fill(to: megabytes)
    return disk
  }

  /// The contents of NAND flash of 16 MiB that has been erased, the spare area of each page behind it; see ``Tree/withNand(ubi:)``.
  public static func nand() async throws -> Disk {
    let disk = try blank(megabytes: 0)
    try await disk.fill(to: 17)
    return disk
  }

  private func makeExt4(label: String?, uuid: String?, size: String? = nil) async throws {
    let names = (label.map { ["-L", $0] } ?? []) + (uuid.map { ["-U", $0] } ?? [])
    try await Command("mke2fs", ["-q", "-t", "ext4", "-E", "offset=\(offset)"] + names + [path.string] + (size.map { [$0] } ?? [])).output()
  }

  /// Extends the disk to this size with erased flash.
  private func fill(to megabytes: Int) async throws {
    try await sh("sh", "-c", "head -c \(megabytes)M /dev/zero | tr '\\0' '\\377' | tail -c +$(($(stat -c %s \(path)) + 1)) >> \(path)")
  }
}
