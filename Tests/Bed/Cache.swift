// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// What takes long to make and is made once: the kernel, the base trees, the images; and what a run leaves to be looked at.
///
/// Several processes may share it. What one of them has made or found is held until that process ends: nobody else removes it.
public final class Cache: Sendable {
  /// The directory of everything that is kept.
  public let root: FilePath
  private let holds: Holds
  private let kitchen = Kitchen()

  /// The one in `.build/bed` of the checkout, or where `PREROOT_CACHE` says.
  public static let shared: Cache = {
    let named = ProcessInfo.processInfo.environment["PREROOT_CACHE"] ?? ""
    let root = named.isEmpty ? Checkout.top.appending(".build/bed") : FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(named))
    do { return try Cache(at: root) } catch { fatalError("The cache in \(root) cannot be used: \(error)") }
  }()

  init(at root: FilePath) throws {
    self.root = root
    holds = try Holds(in: root.appending("holds"))
  }

  /// A directory below the root, made where it does not exist.
  func directory(_ name: String) throws -> FilePath {
    let path = root.appending(name)
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    return path
  }

  /// The path of a thing, held until this process ends, whether it is there already or not.
  func holding(_ name: String) throws -> FilePath {
    try holds.add(name)
    let path = root.appending(name)
    try FileManager.default.createDirectory(atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
    return path
  }

  /// The path of a thing that is made once, held until this process ends.
  ///
  /// `make` gets a path beside the final one; what it leaves there is renamed into place, so a thing that was interrupted
  /// is never taken for a finished one. Callers of the same thing wait for the first one, in other processes too.
  ///
  /// - Throws: what `make` throws.
  func thing(_ name: String, make: @escaping @Sendable (FilePath) async throws -> Void) async throws -> FilePath {
    try await kitchen.thing(name) {
      let place = try self.holding(name)
      let lock = try FileLock(FilePath(place.string + ".lock"))
      try await lock.acquire()
      defer { lock.release() }
      guard !FileManager.default.fileExists(atPath: place.string) else {
        // The time of last use, for `tidy`.
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

  /// Removes all but the `count` last used things of a directory below the root, those that somebody holds, and what belongs to these.
  ///
  /// What an interrupted process left half made goes in any case.
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

  /// Removes what is made quickly and nobody holds. Base trees and the kernel stay.
  public func tidy() throws {
    for name in ["disks", "images", "install", "packages", "runs", "trees"] { try tidy(name, keeping: 0) }
    try tidy("base", keeping: .max)
  }

  /// The thing that a file belongs to by its name: its lock, or what is left of its making.
  private static func thing(of file: String) -> String {
    var thing = Substring(file)
    while let suffix = [".lock", ".unfinished", ".tree", ".home", ".file", ".orders", ".table", ".ini"].first(where: thing.hasSuffix) {
      thing.removeLast(suffix.count)
    }
    return String(thing)
  }
}
