// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// Everything that takes long to create: the kernel, base trees and images. It also keeps the files of recent runs.
///
/// Several processes may share it. Each holds the entries that it has created or found until it ends, and no other process removes them.
public final class Cache: Sendable {
  /// The cache's directory.
  public let root: FilePath
  private let holds: Holds
  private let kitchen = Kitchen()

  /// The cache in `.build/bed` of the checkout, or in the directory that `PREROOT_CACHE` names.
  public static let shared: Cache = {
    let named = ProcessInfo.processInfo.environment["PREROOT_CACHE"] ?? ""
    let root = named.isEmpty ? Checkout.top.appending(".build/bed") : FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(named))
    do { return try Cache(at: root) } catch { fatalError("The cache in \(root) cannot be used: \(error)") }
  }()

  init(at root: FilePath) throws {
    self.root = root
    holds = try Holds(in: root.appending("holds"))
  }

  /// A directory below the root, created if necessary.
  func directory(_ name: String) throws -> FilePath {
    let path = root.appending(name)
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    return path
  }

  /// The path of an entry, held until this process ends, whether or not it exists.
  func holding(_ name: String) throws -> FilePath {
    try holds.add(name)
    let path = root.appending(name)
    try FileManager.default.createDirectory(atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
    return path
  }

  /// The path of an entry that is created once, held until this process ends.
  ///
  /// `make` gets a temporary path, and the cache renames the result into place, so an unfinished entry never looks complete.
  /// Callers with the same entry wait for the first one, even in other processes.
  ///
  /// - Throws: what `make` throws.
  func thing(_ name: String, make: @escaping @Sendable (FilePath) async throws -> Void) async throws -> FilePath {
    try await kitchen.thing(name) {
      let place = try self.holding(name)
      let lock = try FileLock(FilePath(place.string + ".lock"))
      try await lock.acquire()
      defer { lock.release() }
      guard !FileManager.default.fileExists(atPath: place.string) else {
        // `tidy` goes by this time of last use.
        try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: place.string)
        return place
      }
      let unfinished = FilePath(place.string + ".unfinished")
      try await sh("rm", "-rf", unfinished.string)
      try await make(unfinished)
      try FileManager.default.moveItem(atPath: unfinished.string, toPath: place.string)
      return place
    }
  }

  private actor Kitchen {
    private var things: [String: Task<FilePath, any Error>] = [:]

    func thing(_ name: String, find: @escaping @Sendable () async throws -> FilePath) async throws -> FilePath {
      let task = things[name] ?? Task.detached { try await find() }
      things[name] = task
      return try await task.value
    }
  }

  /// Adds a line to the file `boots`, which shows where the tests' time goes. It has the last thousand or so.
  func note(_ line: String) {
    let path = root.appending("boots").string
    if let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int, size > 200_000 { try? FileManager.default.removeItem(atPath: path) }
    // O_APPEND: several processes write to it.
    guard let file = try? SystemPackage.FileDescriptor.open(FilePath(path), .writeOnly, options: [.append, .create], permissions: .ownerReadWrite) else { return }
    defer { try? file.close() }
    _ = try? file.writeAll((line + "\n").utf8)
  }

  /// Removes the entries of a directory except the `count` most recently used ones and those that a process holds.
  ///
  /// It always removes unfinished entries of interrupted processes.
  func tidy(_ name: String, keeping count: Int) throws {
    let directory = try directory(name)
    try holds.withAll { held in
      let things = Dictionary(grouping: try FileManager.default.contentsOfDirectory(atPath: directory.string), by: Self.thing)
      func lastUse(_ thing: String) -> Date? {
        try? FileManager.default.attributesOfItem(atPath: directory.appending(thing).string)[.modificationDate] as? Date
      }
      let dated = things.keys.map { (name: $0, date: lastUse($0)) }
      let kept = Set(dated.filter { $0.date != nil }.sorted { $0.date! > $1.date! }.prefix(count).map(\.name))
      for (thing, files) in things where !held.contains("\(name)/\(thing)") {
        for file in files where !kept.contains(thing) || (file != thing && !file.hasSuffix(".lock")) {
          try? FileManager.default.removeItem(atPath: directory.appending(file).string)
        }
      }
    }
  }

  /// Removes entries that are quickly created again and that no process holds. Base trees and the kernel stay.
  public func tidy() throws {
    for name in ["disks", "images", "install", "packages", "runs", "trees"] { try tidy(name, keeping: 0) }
    try tidy("base", keeping: .max)
  }

  /// The entry to which a lock or an unfinished file belongs by its name.
  private static func thing(of file: String) -> String {
    var thing = Substring(file)
    while let suffix = [".lock", ".unfinished", ".tree", ".home", ".file", ".orders", ".table", ".ini"].first(where: thing.hasSuffix) {
      thing.removeLast(suffix.count)
    }
    return String(thing)
  }
}
