// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// An additional block device of a machine, which keeps its contents from boot to boot. The first one is /dev/ubdb.
public struct Disk: Hashable, Sendable {
  /// The type of device that the kernel sees.
  public enum Kind: Hashable, Sendable {
    case block
    /// Flash memory with erase blocks of 64 KiB, and its name in /proc/mtd. A machine can have one.
    case flash(name: String)
  }

  public let path: FilePath
  public var isReadOnly = false
  public var kind = Kind.block
  /// The offset of the file system, which may follow a partition table.
  public internal(set) var offset = 0

  /// A disk in a file of the host.
  public init(_ path: FilePath, isReadOnly: Bool = false) {
    self.path = path
    self.isReadOnly = isReadOnly
  }

  /// Flash memory in a file of the host.
  public init(flash path: FilePath) {
    self.path = path
    kind = .flash(name: "flash")
  }

  /// A blank disk in a sparse file.
  ///
  /// - Throws: Foundation's error if it cannot write to the cache.
  public static func blank(megabytes: Int) throws -> Disk {
    let path = try newPath()
    try makeFile(path, megabytes: megabytes)
    return Disk(path)
  }

  /// A disk with a tree on ext4. With the words `root=/dev/ubdb rw` a machine uses it as a persistent root.
  ///
  /// - Throws: ``Problem`` if the image cannot be created.
  public static func root(_ tree: Tree) async throws -> Disk {
    let path = try newPath()
    try await sh("cp", "--sparse=always", try await ImageKind.ext4.image(of: tree).string, path.string)
    return Disk(path)
  }

  /// A disk in the cache, held until this process ends.
  static func newPath() throws -> FilePath {
    try Cache.shared.tidy("disks", keeping: 20)
    return try Cache.shared.holding("disks/\(UUID().uuidString).img")
  }

  /// The time of the last write.
  var lastWrite: Date? { try? FileManager.default.attributesOfItem(atPath: path.string)[.modificationDate] as? Date }

  static func makeFile(_ path: FilePath, megabytes: Int) throws {
    let file = try FileDescriptor.open(path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    defer { try? file.close() }
    try file.resize(to: Int64(megabytes) << 20)
  }

  /// The argument that makes it the disk with this number in User Mode Linux: 1 is /dev/ubdb.
  func words(as number: Int) -> [String] {
    let name = "ubd\(String(UnicodeScalar(UInt8(ascii: "a") + UInt8(number))))"
    let block = "\(name)\(isReadOnly ? "r" : "")=\(path)"
    return switch kind {
    case .block: [block]
    case .flash(let label): [block, "block2mtd.block2mtd=/dev/\(name),65536,\(label)"]
    }
  }

  /// What Linux needs to be told to have it as this disk of virtio's: 0 is /dev/vda.
  func words(onVirtio number: Int) -> [String] {
    guard case .flash(let label) = kind else { return [] }
    return ["block2mtd.block2mtd=\(Self.name(onVirtio: number)),65536,\(label)"]
  }

  static func name(onVirtio number: Int) -> String { "/dev/vd\(UnicodeScalar(UInt8(ascii: "a") + UInt8(number)))" }
}
