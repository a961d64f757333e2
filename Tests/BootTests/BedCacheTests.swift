// SPDX-License-Identifier: MIT
import Foundation
import SystemPackage
import Testing

@testable import Bed

/// Several processes share the bed's cache, each for as long as it runs.
@Suite("The bed's cache")
final class BedCacheTests {
  private let root = FilePath(FileManager.default.temporaryDirectory.path).appending("bed-cache-\(UUID().uuidString)")

  deinit { try? FileManager.default.removeItem(atPath: root.string) }

  /// Creates an image with an old time stamp.
  private func make(_ name: String, in cache: Cache) async throws {
    let path = try await cache.thing(name) { try Data("made".utf8).write(to: URL(fileURLWithPath: $0.string)) }
    try age(path)
  }

  private func age(_ path: FilePath) throws {
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -100_000)], ofItemAtPath: path.string)
  }

  private func names(in directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appending(directory).string).sorted()
  }

  @Test("The bed's cache keeps everything that a process uses until it ends")
  func keepsWhatIsHeld() async throws {
    // Each opens its own files, so that the kernel treats their locks like those of separate processes.
    let maker = try Cache(at: root), finder = try Cache(at: root), tidier = try Cache(at: root)
    try await make("images/made", in: maker)
    try await make("images/made", in: finder)
    for cache in [maker, finder, tidier] { try cache.tidy("images", keeping: 0) }
    #expect(try names(in: "images") == ["made", "made.lock"])
  }

  @Test("Another process tidies the bed's cache, except what is in use")
  func isShared() async throws {
    let cache = try Cache(at: root)
    try await make("images/held", in: cache)
    try FileManager.default.createDirectory(atPath: try cache.holding("trees/held").string, withIntermediateDirectories: true)
    for leftover in ["images/old", "images/old.lock", "images/half.unfinished", "images/half.lock", "images/held.unfinished.tree", "disks/1.img", "disks/1.img.file", "trees/1/etc/motd"] {
      let path = root.appending(leftover)
      try FileManager.default.createDirectory(atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
      try Data("left".utf8).write(to: URL(fileURLWithPath: path.string))
    }
    // A process that holds an entry and is then killed.
    let other = Process()
    other.executableURL = URL(fileURLWithPath: "/bin/sh")
    other.arguments = ["-c", "exec 9> \(root)/holds/other && flock -x 9 && echo images/other >&9 && touch \(root)/images/other && exec sleep 600"]
    try other.run()
    defer { kill(other.processIdentifier, SIGKILL) }
    while !FileManager.default.fileExists(atPath: root.appending("images/other").string) { try await Task.sleep(for: .milliseconds(20)) }

    try await tidyElsewhere()
    #expect(try names(in: "images") == ["held", "held.lock", "held.unfinished.tree", "other"])
    #expect(try names(in: "trees") == ["held"])
    #expect(try names(in: "disks") == [])

    kill(other.processIdentifier, SIGKILL)
    other.waitUntilExit()
    try await tidyElsewhere()
    #expect(try names(in: "images") == ["held", "held.lock", "held.unfinished.tree"])
    #expect(try !names(in: "holds").contains("other"))
  }

  /// Lets another process tidy the cache.
  private func tidyElsewhere() async throws {
    let program = FilePath(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).removingLastComponent().appending("bed")
    try await sh("env", "PREROOT_CACHE=\(root)", program.string, "tidy")
  }

  @Test("The bed's cache keeps the most recent of its unused entries")
  func keepsTheLast() throws {
    let cache = try Cache(at: root)
    let directory = try cache.directory("runs")
    for number in 1...5 {
      let path = directory.appending("\(number)")
      try Data().write(to: URL(fileURLWithPath: path.string))
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: Double(number))], ofItemAtPath: path.string)
    }
    try cache.tidy("runs", keeping: 2)
    #expect(try names(in: "runs") == ["4", "5"])
  }

  @Test("The bed's cache needs one descriptor, however many entries are in use")
  func needsFewDescriptors() throws {
    let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    let cache = try Cache(at: root)
    for number in 1...600 { _ = try cache.holding("disks/\(number)") }
    // Other tests run at the same time and open files, too.
    #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count < before + 400)
  }
}
