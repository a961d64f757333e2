// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// A further block device of a machine: the first is /dev/ubdb. It keeps what is written to it from boot to boot.
public struct Disk: Hashable, Sendable {
  /// What the kernel takes it for.
  public enum Kind: Hashable, Sendable {
    case block
    /// Flash memory with erase blocks of 64 KiB, and what the kernel calls it; see /proc/mtd. There can be one.
    case flash(name: String)
  }

  public let path: FilePath
  public var isReadOnly = false
  public var kind = Kind.block
  /// Where its file system begins: behind a partition table.
  var offset = 0

  /// A disk in a file of the host.
  public init(_ path: FilePath, isReadOnly: Bool = false) {
    self.path = path
    self.isReadOnly = isReadOnly
  }

  /// A disk that has never been written to; the file is sparse.
  ///
  /// - Throws: Foundation's error where the cache cannot be written.
  public static func blank(megabytes: Int) throws -> Disk {
    let path = try newPath()
    try makeFile(path, megabytes: megabytes)
    return Disk(path)
  }

  /// A disk of its own that holds a tree on ext4. A machine takes it for its root, and keeps what is written to it, by the words `root=/dev/ubdb rw`.
  ///
  /// - Throws: ``Problem`` where the image cannot be made.
  public static func root(_ tree: Tree) async throws -> Disk {
    let path = try newPath()
    try await sh("cp", "--sparse=always", try await ImageKind.ext4.image(of: tree).string, path.string)
    return Disk(path)
  }

  /// For a disk of the cache: it stays until this process ends, then for a while.
  static func newPath() throws -> FilePath {
    try Cache.shared.tidy("disks", keeping: 20)
    return try Cache.shared.holding("disks/\(UUID().uuidString).img")
  }

  /// When it was written to.
  var lastWrite: Date? { try? FileManager.default.attributesOfItem(atPath: path.string)[.modificationDate] as? Date }

  static func makeFile(_ path: FilePath, megabytes: Int) throws {
    let file = try FileDescriptor.open(path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    defer { try? file.close() }
    try file.resize(to: Int64(megabytes) << 20)
  }

  /// What User Mode Linux needs to be told to have it as the disk with this number: 1 is /dev/ubdb.
  func words(as number: Int) -> [String] {
    let name = "ubd\(String(UnicodeScalar(UInt8(ascii: "a") + UInt8(number))))"
    let block = "\(name)\(isReadOnly ? "r" : "")=\(path)"
    return switch kind {
    case .block: [block]
    case .flash(let label): [block, "block2mtd.block2mtd=/dev/\(name),65536,\(label)"]
    }
  }
}
