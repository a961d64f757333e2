// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

@Suite("Path lookup below a directory")
struct DirectoryTests {
  let temporary: Temporary
  init() throws {
    temporary = try Temporary()
    try temporary.write("tree/a/b/file", "inside\n")
    try temporary.write("file", "outside\n")
    for (link, target) in [
      ("tree/absolute", "/a/b"), ("tree/relative", "a/b"), ("tree/up", "../file"), ("tree/a/far", "../../../../../../file"), ("tree/loop", "loop"),
      ("tree/nowhere", "/none/there"), ("tree/a/chain", "/relative/file"), ("tree/real", temporary.path + "/file"), ("tree/a/b/dots", "../../a/./b/file"),
    ] { try FileManager.default.createSymbolicLink(atPath: "\(temporary.path)/\(link)", withDestinationPath: target) }
  }

  private func directory(_ lookup: Directory.Lookup) throws -> Directory { try Directory(Text(utf8: temporary.path + "/tree"), lookup: lookup) }

  /// Reads with openat2(2), and without it.
  private func read(_ path: String, _ lookup: Directory.Lookup) throws -> [Result<String, Errno>] {
    let directory = try directory(lookup), path = Text(utf8: path)
    var results: [Result<String, Errno>] = []
    do throws(Errno) { results.append(.success(try directory.read(path).string)) } catch { results.append(.failure(error)) }
    do throws(Errno) {
      let walked = lookup == .inRoot ? try directory.resolvingLinks(of: path) : path
      results.append(.success(try directory.walk(walked, .toRead).readToEnd(limit: 1 << 20).string))
    } catch { results.append(.failure(error)) }
    return results
  }

  @Test("A lookup in a root resolves all links within that root", arguments: [
    ("a/b/file", "inside\n"), ("absolute/file", "inside\n"), ("relative/file", "inside\n"), ("a/chain", "inside\n"), ("a/../a/b/file", "inside\n"),
    ("../../a/b/file", "inside\n"), ("a/b/dots", "inside\n"),
  ])
  func staysInRoot(path: String, expected: String) throws {
    #expect(try read(path, .inRoot) == [.success(expected), .success(expected)])
  }

  @Test("A lookup in a root never reaches a file outside it", arguments: ["up", "a/far", "real", "nowhere", "loop"])
  func leadsNowhereOutside(path: String) throws {
    for result in try read(path, .inRoot) {
      guard case .failure(let error) = result else { Issue.record("\(path): \(result)"); continue }
      #expect(error == (path == "loop" ? .tooManyLinks : .noSuchFileOrDirectory))
    }
  }

  @Test("A lookup beneath a directory rejects links and '..'", arguments: [
    ("absolute/file", Errno.tooManyLinks), ("relative/file", .tooManyLinks), ("up", .tooManyLinks), ("loop", .tooManyLinks), ("nowhere", .tooManyLinks),
    ("a/chain", .tooManyLinks), ("none", .noSuchFileOrDirectory), ("a/b/file/x", .notDirectory), ("../file", .crossDevice),
  ])
  func isBeneath(path: String, expected: Errno) throws {
    #expect(try read(path, .beneath) == [.failure(expected), .failure(expected)])
    #expect(try read("a/b/file", .beneath) == [.success("inside\n"), .success("inside\n")])
  }

  @Test("Links of a path are resolved even if its last component is missing", arguments: [
    ("nowhere", "none/there"), ("absolute/new", "a/b/new"), ("a/b/none/x", "a/b/none/x"), ("", ""), ("..", ""), ("a/chain", "a/b/file"),
  ])
  func isResolved(path: String, expected: String) throws {
    let resolved = try directory(.inRoot).resolvingLinks(of: Text(utf8: path)).string
    #expect(resolved == expected)
  }

  @Test("No change beneath a directory follows a link", arguments: ["absolute/new", "relative/new"])
  func isChangedBeneath(path: String) throws {
    let beneath = try directory(.beneath), path = Text(utf8: path)
    #expect(errno { () throws(Errno) in try beneath.create(path, contents: "") } == .tooManyLinks)
    #expect(errno { () throws(Errno) in try beneath.makeDirectory(path) } == .tooManyLinks)
    #expect(errno { () throws(Errno) in try beneath.replace(path, contents: "") } == .tooManyLinks)
    #expect(errno { () throws(Errno) in try beneath.rename("a/b/file", to: path) } == .tooManyLinks)
    #expect(errno { () throws(Errno) in try beneath.makeDirectory("absolute") } != nil, "A link is no directory")
    #expect(temporary.text("tree/a/b/file") == "inside\n")
    // A link at the path itself is replaced.
    try beneath.replaceDurably("up", contents: "mine\n")
    #expect(temporary.text("file") == "outside\n")
    #expect(temporary.text("tree/up") == "mine\n")
    let isThere = beneath.exists("nowhere")
    #expect(isThere, "There is a link")
  }

  @Test("A lookup beneath a directory enters no other file system", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
  func isOfOneFileSystem() async throws {
    let path = temporary.path + "/tree"
    let errors = try await inPrivateNamespace {
      try mount("other", at: path + "/a/b", type: "tmpfs")
      let beneath = try Directory(Text(utf8: path), lookup: .beneath)
      return [Errno?](arrayLiteral:
        errno { () throws(Errno) in _ = try beneath.read("a/b/file") },
        errno { () throws(Errno) in _ = try beneath.walk("a/b/file", .toRead) }
      )
    }
    #expect(errors == [Errno.crossDevice, .crossDevice])
  }
}
