// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// Operations of the host on the disk of a machine that is off. They need ext4 unless they say otherwise.
extension Disk {
  /// Whether the journal has to be replayed.
  ///
  /// - Throws: ``Problem`` if the disk has no ext4.
  public var needsRecovery: Bool {
    get async throws {
      let header = try await sh("dumpe2fs", "-h", fileSystem)
      guard let features = header.firstMatch(of: /Filesystem features:(.*)/) else { throw Problem("No features in what dumpe2fs says: \(header)") }
      return features.1.contains("needs_recovery")
    }
  }

  /// Checks the file system in the state after the next mount, without changing the disk.
  ///
  /// - Throws: ``Problem`` with the findings of e2fsck.
  public func check() async throws {
    try await asMounted { try await sh("e2fsck", "-f", "-n", $0) }
  }

  /// Replays the journal, as the next mount does, and checks the file system.
  ///
  /// - Throws: ``Problem`` with the findings of e2fsck.
  public func recover() async throws {
    try await replayJournal()
    try await sh("e2fsck", "-f", "-n", fileSystem)
  }

  private func replayJournal() async throws {
    func replay(_ file: String) async throws { try await sh("e2fsck", "-p", "-E", "journal_only", file) }
    if offset == 0 { return try await replay(path.string) }
    // When e2fsck has replayed, it opens the file again, without its offset.
    let part = path.string + ".part"
    defer { try? FileManager.default.removeItem(atPath: part) }
    try await sh("dd", "if=\(path)", "of=\(part)", "bs=1M", "iflag=skip_bytes", "skip=\(offset)", "conv=sparse", "status=none")
    try await replay(part)
    try await sh("dd", "if=\(part)", "of=\(path)", "bs=1M", "oflag=seek_bytes", "seek=\(offset)", "conv=notrunc", "status=none")
  }

  /// The names in directories and the texts of files, which one program reads, without a look at the journal. What is missing is empty.
  public func look(into directories: [String], at files: [String]) async throws -> (names: [String: [String]], texts: [String: String]) {
    let orders = directories.map { "ls -p \($0)" } + files.map { "cat \($0)" }, list = path.string + ".orders"
    try Data(orders.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: list))
    var output = Substring(try await sh("sh", "-c", "debugfs -f \(list) '\(fileSystem)' 2> /dev/null; rm \(list)"))
    // debugfs repeats each order before its output, and file contents may end without a newline.
    var answers: [Substring] = []
    for order in orders {
      guard let echo = output.range(of: "debugfs: \(order)\n") else { throw Problem("debugfs did not answer '\(order)' on \(path)") }
      if !answers.isEmpty { answers[answers.count - 1] = output[..<echo.lowerBound] }
      output = output[echo.upperBound...]
      answers.append(output)
    }
    let names = zip(directories, answers).map { ($0, Self.names(inListing: $1)) }
    let texts = zip(files, answers.dropFirst(directories.count)).map { ($0, String($1)) }
    return (Dictionary(uniqueKeysWithValues: names), Dictionary(uniqueKeysWithValues: texts))
  }

  /// The text of a file, or nil.
  public func text(of file: String) async throws -> String? {
    let copy = path.string + ".file"
    try? FileManager.default.removeItem(atPath: copy)
    try await asMounted { try await sh("debugfs", "-R", "dump \(file) \(copy)", $0) }
    defer { try? FileManager.default.removeItem(atPath: copy) }
    return FileManager.default.contents(atPath: copy).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The sorted names in a directory, or none if it does not exist.
  public func names(in directory: String) async throws -> [String] {
    Self.names(inListing: try await asMounted { try await sh("debugfs", "-R", "ls -p \(directory)", $0) })
  }

  /// Reads lines `/inode/mode/owner/group/name/size/`.
  private static func names(inListing listing: some StringProtocol) -> [String] {
    listing.split(separator: "\n").map { $0.split(separator: "/", omittingEmptySubsequences: false) }.filter { $0.count > 6 }.map { String($0[5]) }
      .filter { $0 != "." && $0 != ".." }.sorted()
  }

  /// Writes or replaces a file in an existing directory.
  ///
  /// - Throws: ``Problem`` if that fails, or if the journal is not empty, as its replay would undo the write.
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

  /// Overwrites some bytes of a disk with any contents.
  public func overwrite(at offset: Int, with bytes: [UInt8]) throws {
    let file = try FileDescriptor.open(path, .writeOnly)
    defer { try? file.close() }
    try file.writeAll(toAbsoluteOffset: Int64(offset), bytes)
  }

  /// Corrupts the superblock so that the file system cannot be mounted, but is still recognized.
  public func corruptSuperblock() throws {
    // These are the counts of inodes and blocks. The magic number, at 56, stays.
    try overwrite(at: offset + 1024, with: Array(repeating: 0xa5, count: 32))
  }

  /// Marks the file system as faulty until the next check, as the kernel does when it finds an error.
  public func markFaulty() async throws {
    try await sh("debugfs", "-w", "-R", "set_super_value state 2", fileSystem)
  }

  /// Whether the file system is marked as faulty.
  public var isMarkedFaulty: Bool {
    get async throws { try await sh("dumpe2fs", "-h", fileSystem).contains(/Filesystem state:.*errors/) }
  }

  /// A copy of the disk.
  public func copy() async throws -> Disk {
    var copy = Disk(try Self.newPath(), isReadOnly: isReadOnly)
    copy.kind = kind
    copy.offset = offset
    try await sh("cp", "--sparse=always", path.string, copy.path.string)
    return copy
  }

  /// A checksum of all bytes of a disk with any contents.
  public var checksum: String {
    get async throws { String(try await sh("sha256sum", path.string).prefix(64)) }
  }

  /// Runs `body` on a copy with a replayed journal if the disk needs recovery.
  @discardableResult
  private func asMounted<Result: Sendable>(_ look: (_ fileSystem: String) async throws -> Result) async throws -> Result {
    guard try await needsRecovery else { return try await look(fileSystem) }
    let copy = try await copy()
    defer { try? FileManager.default.removeItem(atPath: copy.path.string) }
    try await copy.replayJournal()
    return try await look(copy.fileSystem)
  }

  /// The file system's name for e2fsprogs, with its offset in the file.
  private var fileSystem: String { offset == 0 ? path.string : "\(path)?offset=\(offset)" }
}
