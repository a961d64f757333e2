import Foundation
import SystemPackage

/// A further block device of a machine: the first is /dev/ubdb. It keeps what is written to it from boot to boot.
public struct Disk: Hashable, Sendable {
  public let path: FilePath
  public var isReadOnly = false

  /// A disk in a file of the host.
  public init(_ path: FilePath, isReadOnly: Bool = false) {
    self.path = path
    self.isReadOnly = isReadOnly
  }

  /// An empty disk of its own; the file is sparse.
  ///
  /// - Throws: Foundation's error where the cache cannot be written.
  public static func blank(megabytes: Int) throws -> Disk {
    let path = try Cache.directory("disks").appending("\(UUID().uuidString).img")
    try makeFile(path, megabytes: megabytes)
    return Disk(path)
  }

  /// A disk of its own that holds a tree on ext4. A machine takes it for its root, and keeps what is written to it, by the words `root=/dev/ubdb rw`.
  ///
  /// - Throws: ``Problem`` where the image cannot be made.
  public static func root(_ tree: Tree) async throws -> Disk {
    let path = try Cache.directory("disks").appending("\(UUID().uuidString).img")
    try Cache.tidy("disks", keeping: 4)
    try await sh("cp", "--sparse=always", try await ImageKind.ext4.image(of: tree).string, path.string)
    return Disk(path)
  }

  static func makeFile(_ path: FilePath, megabytes: Int) throws {
    let file = try FileDescriptor.open(path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    defer { try? file.close() }
    try file.resize(to: Int64(megabytes) << 20)
  }
}
