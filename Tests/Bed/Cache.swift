import Foundation
import SystemPackage

/// What takes long to make and is made once: the kernel, the base trees, the images.
///
/// It lies in `.build/bed` of the checkout, or where `PREROOT_CACHE` says.
public enum Cache {
  /// The directory of everything that is kept.
  public static let root: FilePath = {
    if let named = ProcessInfo.processInfo.environment["PREROOT_CACHE"], !named.isEmpty {
      return FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(named))
    }
    return Checkout.path.appending(".build/bed")
  }()

  /// A directory below the root, made where it does not exist.
  static func directory(_ name: String) throws -> FilePath {
    let path = root.appending(name)
    try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    return path
  }

  /// The path of a thing that is made once.
  ///
  /// `make` gets a path beside the final one; what it leaves there is renamed into place, so a thing that was interrupted
  /// is never taken for a finished one. Callers of the same thing wait for the first one, in other processes too.
  ///
  /// - Throws: what `make` throws.
  static func thing(_ name: String, make: @escaping @Sendable (FilePath) async throws -> Void) async throws -> FilePath {
    try await kitchen.thing(name, make: make)
  }

  private static let kitchen = Kitchen()

  private actor Kitchen {
    private var things: [String: Task<FilePath, any Error>] = [:]

    func thing(_ name: String, make: @escaping @Sendable (FilePath) async throws -> Void) async throws -> FilePath {
      let task = things[name] ?? Task.detached {
        let place = Cache.root.appending(name)
        try FileManager.default.createDirectory(atPath: place.removingLastComponent().string, withIntermediateDirectories: true)
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
      things[name] = task
      return try await task.value
    }
  }

  /// Removes all but the `count` last used files of a directory below the root, and those of the last quarter of an hour, which may be in use.
  static func tidy(_ name: String, keeping count: Int) throws {
    let directory = try directory(name)
    let files = try FileManager.default.contentsOfDirectory(
      at: URL(fileURLWithPath: directory.string), includingPropertiesForKeys: [.contentModificationDateKey])
    // Somebody else may be tidying up, too: what is gone is the oldest.
    let dated = files.map { ($0, (try? $0.resourceValues(forKeys: [.contentModificationDateKey]))?.contentModificationDate ?? .distantPast) }
    for (file, date) in dated.sorted(by: { $0.1 > $1.1 }).dropFirst(count) where date < Date(timeIntervalSinceNow: -900) {
      try? FileManager.default.removeItem(at: file)
    }
  }
}
