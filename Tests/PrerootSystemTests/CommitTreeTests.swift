// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import Glibc
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

/// An image, a layer on a device and a layer in memory, as in a boot with `Commit=on-demand`; all on one tmpfs.
private struct Stack: ~Copyable {
  static let top = "/mnt", image = "/mnt/image", layers = "/mnt/store", memory = "/mnt/memory", view = "/mnt/view"

  init(size: String = "64m") throws {
    try mount("stack", at: Self.top, type: "tmpfs", data: "mode=755,size=\(size)")
    for directory in [Self.image, Self.layers, Self.memory, Self.view, Self.layers + "/upper", Self.layers + "/work", Self.memory + "/upper", Self.memory + "/work"] {
      mkdir(directory, 0o755)
    }
    try mount("memory", at: Self.memory, type: "tmpfs", data: "mode=755,size=64m")
    for directory in ["/upper", "/work"] { mkdir(Self.memory + directory, 0o755) }
  }

  private static let options = "index=off,metacopy=off,redirect_dir=nofollow,xino=off"

  /// Passes the directory of an overlay: on the image with changes to the layer on the device.
  func changingUpper<Result>(_ body: (String) throws -> Result) throws -> Result {
    try overlay("lowerdir=\(Self.image),upperdir=\(Self.layers)/upper,workdir=\(Self.layers)/work", body)
  }

  /// The same with changes to memory, as a boot has it.
  func changingMemory<Result>(_ body: (String) throws -> Result) throws -> Result {
    try overlay("lowerdir=\(Self.layers)/upper:\(Self.image),upperdir=\(Self.memory)/upper,workdir=\(Self.memory)/work", body)
  }

  /// What a boot shows whose layer is this one.
  func shown(with layer: String) throws -> [String: String] {
    try overlay("lowerdir=\(Self.layers)/\(layer):\(Self.image)") { try tree(of: $0) }
  }

  private func overlay<Result>(_ layers: String, _ body: (String) throws -> Result) throws -> Result {
    try mount("preroot", at: Self.view, type: "overlay", data: "\(layers),\(Self.options)")
    defer { patientlyUnmount(Self.view) }
    return try body(Self.view)
  }

  /// Builds `committing`.
  @discardableResult
  func commit(_ paths: [String] = [], over base: String? = nil) throws -> (changes: Int, unsteady: [String], hasWritten: Bool) {
    var tree = try CommitTree(
      of: Text(utf8: Self.memory), in: Text(utf8: Self.layers), over: Text(utf8: Self.image), base: base.map { Text(utf8: $0) },
      selected: paths.map { Text(utf8: $0) })
    try tree.build()
    return (tree.changes, tree.unsteady.map(\.string), tree.hasWritten)
  }
}

private func patientlyUnmount(_ path: String) { _ = try? patiently { () throws(Errno) in if umount2(path, 0) != 0 { throw Errno(rawValue: errno) } } }

/// What a user sees of each file: its kind, owner, mode, attributes and contents. Each name has to exist.
private func tree(of top: String) throws -> [String: String] {
  var found: [String: String] = [:]
  func look(_ path: String) throws {
    var status = stat()
    guard lstat(top + path, &status) == 0 else { throw Problem("\(path) is listed, and does not exist") }
    let kind = status.st_mode & S_IFMT
    var text = "\(String(status.st_mode, radix: 8)) \(status.st_uid)"
    if kind != S_IFLNK { text += " \(textOfAttribute("trusted.test", of: top + path))" }
    switch kind {
    case S_IFLNK: text += " -> \((try? FileManager.default.destinationOfSymbolicLink(atPath: top + path)) ?? "?")"
    case S_IFREG: text += " \(try String(contentsOfFile: top + path, encoding: .utf8)) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    default: break
    }
    found[path] = text
    if kind == S_IFDIR { for name in try FileManager.default.contentsOfDirectory(atPath: top + path) { try look("\(path)/\(name)") } }
  }
  try look("")
  return found
}

/// Random changes to a tree.
private struct Vandal {
  var random: SplitMix64
  private var count = 0

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func path() -> String { (0..<Int.random(in: 1...3, using: &random)).map { _ in "/" + ["a", "b", "c"].randomElement(using: &random)! }.joined() }

  mutating func change(_ top: String, times: Int) {
    for _ in 0..<times { change(top) }
  }

  private mutating func change(_ top: String) {
    let place = top + path(), other = top + path()
    count += 1
    switch Int.random(in: 0..<14, using: &random) {
    case 0...2: mkdir(place, 0o755)
    case 3...5: try? "\(count)".write(toFile: place, atomically: false, encoding: .utf8)
    case 6: symlink("\(count)", place)
    case 7: unlink(place)
    case 8: try? FileManager.default.removeItem(atPath: place)
    case 9...10: rename(place, other)
    case 11: link(place, other)
    case 12:
      chmod(place, Bool.random(using: &random) ? 0o700 : 0o751)
      lchown(place, UInt32(count), 0)
    default: _ = setAttribute("trusted.test", of: place, to: Array("\(count)".utf8))
    }
  }
}

@Suite("The layer that preroot commit makes, on a real kernel", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct CommitTreeTests {
  @Test("The next boot shows what this one did, whatever was changed", arguments: 0..<8)
  func keepsAll(batch: UInt64) async throws {
    let differences = try await inPrivateNamespace {
      var differences: [String] = []
      for seed in batch * 30..<(batch + 1) * 30 {
        let stack = try Stack()
        defer { patientlyUnmount(Stack.memory); patientlyUnmount(Stack.top) }
        var vandal = Vandal(seed: seed)
        vandal.change(Stack.image, times: 40)
        try stack.changingUpper { vandal.change($0, times: 30) }
        let upper = try tree(of: Stack.layers + "/upper")
        let now = try stack.changingMemory { vandal.change($0, times: 30); return try tree(of: $0) }
        try stack.commit()
        let next = try stack.shown(with: "committing")
        if next != now {
          differences.append("\(seed): \(Self.difference(now, next))")
        }
        if try tree(of: Stack.layers + "/upper") != upper { differences.append("\(seed): the upper has changed") }
      }
      return differences
    }
    #expect(differences == [])
  }

  @Test("Of a path that is named, the next boot shows what this one did, and of the others what was before", arguments: 0..<8)
  func keepsPaths(batch: UInt64) async throws {
    let (differences, refused, kept) = try await inPrivateNamespace {
      var differences: [String] = [], refused = 0, kept = 0
      for seed in batch * 30..<(batch + 1) * 30 {
        let stack = try Stack()
        defer { patientlyUnmount(Stack.memory); patientlyUnmount(Stack.top) }
        var vandal = Vandal(seed: 1000 + seed)
        vandal.change(Stack.image, times: 40)
        try stack.changingUpper { vandal.change($0, times: 30) }
        var base: String?
        if seed % 2 == 0 {
          try stack.changingMemory { vandal.change($0, times: 20) }
          try stack.commit()
          rename(Stack.layers + "/committing", Stack.layers + "/commit.1")
          base = "commit.1"
        }
        let now = try stack.changingMemory { vandal.change($0, times: 20); return try tree(of: $0) }
        let before = try stack.shown(with: base ?? "upper")
        for _ in 0..<4 {
          let path = vandal.path()
          defer { try? FileManager.default.removeItem(atPath: Stack.layers + "/committing") }
          let hasWritten: Bool
          do {
            hasWritten = try stack.commit([path], over: base).hasWritten
          } catch let error as Errno where error == .notDirectory {
            refused += 1
            continue
          }
          kept += 1
          let next = try stack.shown(with: "committing")
          if next != before, !hasWritten { differences.append("\(seed) \(path): nothing was written") }
          func isSelected(_ other: String) -> Bool { other == path || other.hasPrefix(path + "/") }
          func isAbove(_ other: String) -> Bool { path.hasPrefix(other + "/") }
          let expected = now.filter { isSelected($0.key) }.merging(before.filter { !isSelected($0.key) }) { $1 }
          // A directory above it exists if it does, and is otherwise as it was.
          let actual = next.filter { expected[$0.key] != nil || !isAbove($0.key) || now[path] == nil }
          if actual != expected { differences.append("\(seed) \(path): \(Self.difference(expected, actual))") }
        }
      }
      return (differences, refused, kept)
    }
    #expect(differences == [])
    #expect(kept > refused * 4)
  }

  private static func difference(_ expected: [String: String], _ actual: [String: String]) -> [String] {
    Set(expected.keys).union(actual.keys).sorted().filter { expected[$0] != actual[$0] }.map {
      "\($0): \(expected[$0] ?? "absent") became \(actual[$0] ?? "absent")"
    }
  }

  @Test("What has not changed is a second name of the upper's file, and what has several names keeps them")
  func links() async throws {
    let seen = try await inPrivateNamespace {
      let stack = try Stack()
      try stack.changingUpper { try "old".write(toFile: $0 + "/old", atomically: false, encoding: .utf8) }
      try stack.changingMemory {
        try "new".write(toFile: $0 + "/new", atomically: false, encoding: .utf8)
        mkdir($0 + "/d", 0o755)
        link($0 + "/new", $0 + "/d/second")
      }
      let changes = try stack.commit().changes
      func inode(_ path: String) -> UInt { var status = stat(); lstat(Stack.layers + path, &status); return status.st_ino }
      return (changes, inode("/upper/old") == inode("/committing/old"), inode("/committing/new") == inode("/committing/d/second"))
    }
    #expect(seen == (3, true, true))
  }

  @Test("Devices, pipes, capabilities, access lists and flags are kept, and nothing of the overlay's own is")
  func keepsAttributes() async throws {
    let seen = try await inPrivateNamespace {
      let stack = try Stack()
      mkdir(Stack.image + "/d", 0o755)
      try "image".write(toFile: Stack.image + "/d/f", atomically: false, encoding: .utf8)
      // See linux: include/uapi/linux/capability.h, VFS_CAP_REVISION_2.
      let capability: [UInt8] = [1, 0, 0, 2] + [UInt8](repeating: 0, count: 15) + [4]
      try stack.changingMemory {
        mknod($0 + "/device", S_IFCHR | 0o640, dev_t(0x103))
        mkfifo($0 + "/pipe", 0o600)
        _ = setAttribute("security.capability", of: $0 + "/d/f", to: Array(capability))
        chmod($0 + "/d", 0o1777)
      }
      try stack.commit()
      let top = Stack.layers + "/committing"
      var device = stat(), pipe = stat(), directory = stat()
      lstat(top + "/device", &device); lstat(top + "/pipe", &pipe); lstat(top + "/d", &directory)
      return [
        "\(device.st_mode == S_IFCHR | 0o640 && device.st_rdev == 0x103)", "\(pipe.st_mode == S_IFIFO | 0o600)", "\(directory.st_mode == S_IFDIR | 0o1777)",
        "\(sizeOfAttribute("security.capability", of: top + "/d/f"))",
        textOfAttribute("trusted.overlay.origin", of: top + "/d/f"), textOfAttribute("trusted.overlay.impure", of: top + "/d"),
        "\(sizeOfAttribute("trusted.overlay.origin", of: Stack.memory + "/upper/d/f") > 0)",
      ]
    }
    #expect(seen == ["true", "true", "true", "20", "none", "none", "true"])
  }

  @Test("A file that changes while it is copied is named")
  func namesUnsteady() async throws {
    let unsteady = try await inPrivateNamespace {
      let stack = try Stack()
      try stack.changingMemory { try String(repeating: "x", count: 32 << 20).write(toFile: $0 + "/log", atomically: false, encoding: .utf8) }
      try "still".write(toFile: Stack.memory + "/upper/still", atomically: false, encoding: .utf8)
      let log = open(Stack.memory + "/upper/log", O_WRONLY)
      let end = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
      end.pointee = 0
      let hasBegun = DispatchSemaphore(value: 0), isOver = DispatchSemaphore(value: 0)
      let address = UInt(bitPattern: end)
      Thread.detachNewThread {
        let end = UnsafeMutablePointer<Int32>(bitPattern: address)!
        var count: off_t = 0
        while end.pointee == 0 {
          // On a busy machine it would fill the file system before the commit ends.
          pwrite(log, "y", 1, off_t(32 << 20) + count % (4 << 20))
          count += 1
          if count == 1000 { hasBegun.signal() }
        }
        isOver.signal()
      }
      hasBegun.wait()
      defer { end.pointee = 1; isOver.wait(); close(log); end.deallocate() }
      return try stack.commit().unsteady
    }
    #expect(unsteady == ["/log"])
  }

  @Test("If the store is full, the commit fails and the layers are unchanged")
  func isFull() async throws {
    let seen = try await inPrivateNamespace {
      let stack = try Stack(size: "1m")
      try stack.changingUpper { try "old".write(toFile: $0 + "/old", atomically: false, encoding: .utf8) }
      let before = try tree(of: Stack.layers + "/upper")
      try stack.changingMemory { try String(repeating: "x", count: 2 << 20).write(toFile: $0 + "/large", atomically: false, encoding: .utf8) }
      var failure = Errno(rawValue: 0)
      do { try stack.commit() } catch let error as Errno { failure = error }
      return (failure, try tree(of: Stack.layers + "/upper") == before)
    }
    #expect(seen == (.noSpace, true))
  }

  @Test("The commit is the rename; earlier commits go after it, and cancelling removes all")
  func renames() async throws {
    let seen = try await inPrivateNamespace {
      let stack = try Stack()
      try stack.changingMemory { try "1".write(toFile: $0 + "/f", atomically: false, encoding: .utf8) }
      func names() -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: Stack.layers)) ?? []).sorted() }
      func finish() throws { try Store.commit(in: Text(utf8: Stack.layers), after: StoreFacts(in: Text(utf8: Stack.layers), over: nil).commits) }
      try stack.commit()
      try finish()
      let first = names()
      try stack.commit(over: "commit.1")
      try finish()
      let second = names()
      try Store.cancel(StoreFacts(in: Text(utf8: Stack.layers), over: nil).commits, in: Text(utf8: Stack.layers))
      return [first, second, names()]
    }
    #expect(seen == [["commit.1", "upper", "work"], ["commit.2", "upper", "work"], ["upper", "work"]])
  }
}
