// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// What the host does with the disk of a machine that is off. All of it is about ext4 unless it says otherwise.
extension Disk {
  /// Whether it was left in the middle of something: what is in its journal still has to be brought to its place.
  ///
  /// - Throws: ``Problem`` where there is no ext4 on it.
  public var needsRecovery: Bool {
    get async throws {
      let header = try await sh("dumpe2fs", "-h", fileSystem)
      guard let features = header.firstMatch(of: /Filesystem features:(.*)/) else { throw Problem("No features in what dumpe2fs says: \(header)") }
      return features.1.contains("needs_recovery")
    }
  }

  /// Checks it as it would be after the next mount, without changing it.
  ///
  /// - Throws: ``Problem`` with what e2fsck found.
  public func check() async throws {
    try await asMounted { try await sh("e2fsck", "-f", "-n", $0) }
  }

  /// Brings what is in the journal to its place, as the next mount does, and checks the whole.
  ///
  /// - Throws: ``Problem`` with what e2fsck found.
  public func recover() async throws {
    try await sh("e2fsck", "-p", "-E", "journal_only", fileSystem)
    try await sh("e2fsck", "-f", "-n", fileSystem)
  }

  /// The texts of many files, without looking at the journal; empty where one is absent.
  public func texts(of files: [String]) async throws -> [String] {
    let orders = path.string + ".orders"
    try Data(files.map { "cat \($0)\n" }.joined().utf8).write(to: URL(fileURLWithPath: orders))
    let output = try await sh("sh", "-c", "debugfs -f \(orders) '\(fileSystem)' 2> /dev/null; rm \(orders)")
    // Each order is repeated before its answer.
    return output.components(separatedBy: "debugfs: cat ").dropFirst().map { $0.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().joined() }
  }

  /// The text of a file; nil where there is none.
  public func text(of file: String) async throws -> String? {
    let copy = path.string + ".file"
    try? FileManager.default.removeItem(atPath: copy)
    try await asMounted { try await sh("debugfs", "-R", "dump \(file) \(copy)", $0) }
    defer { try? FileManager.default.removeItem(atPath: copy) }
    return FileManager.default.contents(atPath: copy).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The names in a directory, sorted; none where there is no such directory.
  public func names(in directory: String) async throws -> [String] {
    try await asMounted { try await sh("debugfs", "-R", "ls -p \(directory)", $0) }.split(separator: "\n")
      .map { $0.split(separator: "/", omittingEmptySubsequences: false) }.filter { $0.count > 6 }.map { String($0[5]) }
      .filter { $0 != "." && $0 != ".." }.sorted()
  }

  /// Writes a file in place of the one that is there, in a directory that exists.
  ///
  /// - Throws: ``Problem`` where it cannot, or the journal is not empty, which would undo it.
  public func write(_ text: String, to file: String) async throws {
    guard try await !needsRecovery else { throw Problem("\(path) was not left cleanly: a file that is written now would be lost") }
    let source = path.string + ".file"
    try Data(text.utf8).write(to: URL(fileURLWithPath: source))
    let path = FilePath(file)
    let orders = "rm \(file)\ncd \(path.removingLastComponent())\nwrite \(source) \(path.lastComponent?.string ?? "")\n"
    try Data(orders.utf8).write(to: URL(fileURLWithPath: source + ".orders"))
    try await sh("debugfs", "-w", "-f", source + ".orders", fileSystem)
    try await sh("rm", source, source + ".orders")
    guard try await self.text(of: file) == text else { throw Problem("debugfs did not write '\(file)'") }
  }

  /// Overwrites some of its bytes, whatever it holds.
  public func overwrite(at offset: Int, with bytes: [UInt8]) throws {
    let file = try FileDescriptor.open(path, .writeOnly)
    defer { try? file.close() }
    try file.writeAll(toAbsoluteOffset: Int64(offset), bytes)
  }

  /// Makes the superblock of its file system one that nothing mounts, and that still shows which file system it was.
  public func corruptSuperblock() throws {
    // The counts of inodes and blocks; the magic number, at 56, stays.
    try overwrite(at: offset + 1024, with: Array(repeating: 0xa5, count: 32))
  }

  /// Marks its file system as one in which an error was found, as the kernel does: until it is checked, it stays so.
  public func markFaulty() async throws {
    try await sh("debugfs", "-w", "-R", "set_super_value state 2", fileSystem)
  }

  /// Whether an error was found in its file system that nobody has looked after since.
  public var isMarkedFaulty: Bool {
    get async throws { try await sh("dumpe2fs", "-h", fileSystem).contains(/Filesystem state:.*errors/) }
  }

  /// Another disk with the same contents.
  public func copy() async throws -> Disk {
    var copy = Disk(try Self.newPath(), isReadOnly: isReadOnly)
    copy.kind = kind
    copy.offset = offset
    try await sh("cp", "--sparse=always", path.string, copy.path.string)
    return copy
  }

  /// A name for every byte of it: two are equal where nothing was written, whatever it holds.
  public var checksum: String {
    get async throws { String(try await sh("sha256sum", path.string).prefix(64)) }
  }

  /// Looks at a copy in which the journal has been brought to its place, as a mount does it, where that is still to be done.
  @discardableResult
  private func asMounted<Result: Sendable>(_ look: (_ fileSystem: String) async throws -> Result) async throws -> Result {
    guard try await needsRecovery else { return try await look(fileSystem) }
    let copy = try await copy()
    defer { try? FileManager.default.removeItem(atPath: copy.path.string) }
    try await sh("e2fsck", "-p", "-E", "journal_only", copy.fileSystem)
    return try await look(copy.fileSystem)
  }

  /// Its file system as the tools of e2fsprogs name one that does not begin with the file.
  private var fileSystem: String { offset == 0 ? path.string : "\(path)?offset=\(offset)" }
}
