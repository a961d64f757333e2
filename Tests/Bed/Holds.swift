// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The entries that the processes sharing a cache hold.
///
/// Each process has a locked file with the names of its entries. The kernel drops the lock when the process ends for any reason, so an
/// unlocked file belongs to a process that is gone. This needs one descriptor for each process, however many entries it holds.
struct Holds: Sendable {
  private let directory: FilePath
  private let own: FileDescriptor

  init(in directory: FilePath) throws {
    self.directory = directory
    try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
    // The guard keeps others from seeing the file before it is locked.
    own = try Self.guarded(in: directory) {
      let own = try Self.open(directory.appending(UUID().uuidString), [.create, .append])
      guard try Self.lock(own, LOCK_EX | LOCK_NB) else { throw Problem("A new file is locked already: \(directory)") }
      return own
    }
  }

  /// Holds an entry until this process ends. Call this before looking for the entry, so that nobody removes it in between.
  func add(_ name: String) throws {
    _ = try Self.guarded(in: directory) { try own.writeAll("\(name)\n".utf8) }
  }

  /// Calls `body` with the names of all entries that any process holds. Nobody can add one meanwhile.
  func withAll<Result>(_ body: (Set<String>) throws -> Result) throws -> Result {
    try Self.guarded(in: directory) { try body(try all()) }
  }

  private func all() throws -> Set<String> {
    var names: Set<String> = []
    for name in try FileManager.default.contentsOfDirectory(atPath: directory.string) where name != Self.guardName {
      let file = try Self.open(directory.appending(name))
      defer { try? file.close() }
      if try Self.lock(file, LOCK_EX | LOCK_NB) {
        try FileManager.default.removeItem(atPath: directory.appending(name).string)
      } else {
        let text = try String(contentsOfFile: directory.appending(name).string, encoding: .utf8)
        names.formUnion(text.split(separator: "\n").map(String.init))
      }
    }
    return names
  }

  private static let guardName = "guard"

  private static func guarded<Result>(in directory: FilePath, _ body: () throws -> Result) throws -> Result {
    let file = try open(directory.appending(guardName), .create)
    defer { try? file.close() }
    _ = try lock(file, LOCK_EX)
    return try body()
  }

  private static func open(_ path: FilePath, _ options: FileDescriptor.OpenOptions = []) throws -> FileDescriptor {
    try FileDescriptor.open(path, .writeOnly, options: options.union(.closeOnExec), permissions: .ownerReadWrite)
  }

  /// - Returns: false if another process has the lock.
  private static func lock(_ file: FileDescriptor, _ operation: Int32) throws -> Bool {
    while flock(file.rawValue, operation) != 0 {
      if errno == EWOULDBLOCK { return false }
      guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
    return true
  }
}
