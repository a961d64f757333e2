// SPDX-License-Identifier: MIT
import Foundation
import SystemPackage
import Testing

@testable import Bed

/// Several processes share the bed's cache, for as long as each of them takes.
@Suite("The bed's cache")
final class BedCacheTests {
  private let root = FilePath(FileManager.default.temporaryDirectory.path).appending("bed-cache-\(UUID().uuidString)")

  deinit { try? FileManager.default.removeItem(atPath: root.string) }

  /// An image that was made long ago, or half of one.
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

  @Test("keeps what a process has made or found until it ends, whoever tidies up")
  func keepsWhatIsHeld() async throws {
    // Each opens its own files: the kernel tells them apart as it does two processes.
    let maker = try Cache(at: root), finder = try Cache(at: root), tidier = try Cache(at: root)
    try await make("images/made", in: maker)
    try await make("images/made", in: finder)
    for cache in [maker, finder, tidier] { try cache.tidy("images", keeping: 0) }
    #expect(try names(in: "images") == ["made", "made.lock"])
  }

  @Test("is tidied up by another process, but for what is held, and left to it by one that was killed")
  func isShared() async throws {
    let cache = try Cache(at: root)
    try await make("images/held", in: cache)
    try FileManager.default.createDirectory(atPath: try cache.holding("trees/held").string, withIntermediateDirectories: true)
    for leftover in ["images/old", "images/old.lock", "images/half.unfinished", "images/half.lock", "images/held.unfinished.tree", "disks/1.img", "disks/1.img.file", "trees/1/etc/motd"] {
      let path = root.appending(leftover)
      try FileManager.default.createDirectory(atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
      try Data("left".utf8).write(to: URL(fileURLWithPath: path.string))
    }
    // A process that holds its things, and dies without a word.
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

  /// Another process tidies up.
  private func tidyElsewhere() async throws {
    let program = FilePath(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).removingLastComponent().appending("bed")
    try await sh("env", "PREROOT_CACHE=\(root)", program.string, "tidy")
  }

  @Test("keeps the last ones used of what nobody holds")
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

  @Test("needs one descriptor, however much is held")
  func needsFewDescriptors() throws {
    let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    let cache = try Cache(at: root)
    for number in 1...600 { _ = try cache.holding("disks/\(number)") }
    // Other tests run meanwhile.
    #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count < before + 400)
  }
}
