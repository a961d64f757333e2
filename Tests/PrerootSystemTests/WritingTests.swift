// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

@Suite("Files")
struct FileDescriptorTests {
  let directory: Temporary
  init() throws { directory = try Temporary() }

  private func opened() throws -> Directory { try Directory(Text(utf8: directory.path)) }

  @Test("A file of any size is read to its end", arguments: [0, 1, 4095, 4096, 4097, 100_000])
  func isReadToEnd(size: Int) throws {
    let contents = String(String(repeating: "0123456789", count: size / 10 + 1).prefix(size))
    try directory.write("a", contents)
    #expect(try opened().read("a").string == contents)
  }

  @Test("Only regular files up to the size limit are read", arguments: [
    ("a file", nil), ("a file of the limit's size", nil), ("a link to /dev/null", nil), ("nothing", .noSuchFileOrDirectory),
    ("a file that is larger", .fileTooLarge), ("a link to a FIFO", .notSupported),
  ] as [(String, Errno?)])
  func isReadWhereSmall(what: String, expected: Errno?) throws {
    let opened = try opened(), path = "\(directory.path)/a"
    switch what {
    case "a file": try directory.write("a", "0")
    case "a file of the limit's size": try directory.write("a", String(repeating: "0", count: 8192))
    case "a file that is larger": try directory.write("a", String(repeating: "0", count: 8193))
    case "a link to a FIFO":
      #expect(mkfifo(path + "b", 0o644) == 0)
      try opened.makeLink("a", to: "ab")
    case "a link to /dev/null": try opened.makeLink("a", to: "/dev/null")
    default: break
    }
    #expect(errno { () throws(Errno) in _ = try opened.read("a", limit: 8192) } == expected)
    #expect(opened.isEmpty("a") == (what == "a link to /dev/null"))
  }

  @Test("A file that is too large or not regular is not read", arguments: [
    (.danglingLink, .noSuchFileOrDirectory), (.loop, .tooManyLinks), (.directory, .isDirectory), (.fifo, .notSupported), (.zeroes, .notSupported),
    (.sparse, .fileTooLarge),
  ] as [(WrongFile, Errno)])
  func isNotRead(what: WrongFile, expected: Errno) throws {
    let opened = try opened()
    try what.lay(at: directory.path("a"))
    #expect(errno { () throws(Errno) in _ = try opened.read("a", limit: 8192) } == expected)
  }

  @Test("A file of procfs is not read beyond the size limit")
  func isReadFromKernelToLimit() throws {
    let kernel = try Directory("/")
    #expect(errno { () throws(Errno) in _ = try kernel.read("proc/self/maps", limit: 100) } == .fileTooLarge)
  }

  @Test("A file of procfs is read to its end although it has no size")
  func isReadFromKernel() throws {
    let text = try Directory("/").read("proc/self/mountinfo")
    #expect(text.string.hasSuffix("\n"))
    #expect(!MountInfo(parsing: text).entries.isEmpty)
  }

  @Test("A file is created only if it does not exist")
  func isCreatedOnce() throws {
    let opened = try opened()
    #expect(errno { () throws(Errno) in try opened.create("a", contents: "one\n") } == nil)
    #expect(errno { () throws(Errno) in try opened.create("a", contents: "two\n") } == .fileExists)
    #expect(directory.text("a") == "one\n")
    #expect(try directory.names == ["a"])
    #expect(errno { () throws(Errno) in try opened.create("none/a", contents: "") } == .noSuchFileOrDirectory)
  }

  @Test("A file is not created through a link")
  func isNotCreatedThroughLink() throws {
    let opened = try opened()
    try opened.makeLink("a", to: "b")
    #expect(errno { () throws(Errno) in try opened.create("a", contents: "x") } == .fileExists)
    #expect(try directory.names == ["a"])
  }

  @Test("A file is replaced atomically, and no temporary file stays behind", arguments: ["a file", "a link", "nothing", "what an attempt left"])
  func isReplaced(before: String) throws {
    switch before {
    case "a file": try directory.write("a", "old")
    case "a link": try opened().makeLink("a", to: "/dev/null")
    case "what an attempt left": try directory.write("a.preroot", "half")
    default: break
    }
    try opened().replace("a", contents: "new\n")
    #expect(directory.text("a") == "new\n")
    #expect(directory.link("a") == nil)
    #expect(try directory.names == ["a"])
    #expect(try FileManager.default.attributesOfItem(atPath: "\(directory.path)/a")[.posixPermissions] as? Int == 0o444)
  }

  @Test("A link replaces a file or link atomically, and no temporary file stays behind", arguments: ["a file", "a link", "nothing", "what an attempt left"])
  func isReplacedByLink(before: String) throws {
    switch before {
    case "a file": try directory.write("a", "old")
    case "a link": try opened().makeLink("a", to: "/elsewhere")
    case "what an attempt left":
      try directory.write("a", "old")
      try opened().makeLink("a.preroot", to: "/half")
    default: break
    }
    try opened().replaceLink("a", to: "/there")
    #expect(directory.link("a") == "/there")
    #expect(try directory.names == ["a"])
  }

  @Test("A link does not replace a directory")
  func isNoDirectory() throws {
    try directory.write("a/b", "")
    let opened = try opened()
    #expect(errno { () throws(Errno) in try opened.replaceLink("a", to: "/there") } != nil)
    #expect(try directory.names == ["a", "a/b"])
  }

  @Test("A dangling link does not count as an existing file")
  func isThere() throws {
    let opened = try opened()
    try directory.write("a", "")
    try opened.makeLink("b", to: "nowhere")
    let areThere = ["a", "b", "c"].map { opened.exists(Text(utf8: $0)) }
    #expect(areThere == [true, false, false])
    let targets = ["a", "b", "c"].map { opened.target(ofLink: Text(utf8: $0))?.string }
    #expect(targets == [nil, "nowhere", nil])
  }

  @Test("A directory lists all its names, however many there are", arguments: [0, 1, 500])
  func isListed(count: Int) throws {
    for place in 0..<count { try directory.write("a-file-with-a-long-name-\(place)", "") }
    let names = try Directory("/").names(in: Text(utf8: directory.path)).map(\.string)
    #expect(names.count == count)
    #expect(Set(names) == Set(try directory.names))
    #expect(try opened().names(in: "none").isEmpty)
  }
}

@Suite("Writing the unit tree")
struct UnitTreeWritingTests {
  let normal: Temporary
  let early: Temporary
  let late: Temporary
  init() throws {
    normal = try Temporary()
    early = try Temporary()
    late = try Temporary()
  }

  private func write(_ tree: UnitTree) throws -> Errno? {
    let directories = try GeneratorDirectories(normal: Text(utf8: normal.path), early: Text(utf8: early.path), late: Text(utf8: late.path))
    return errno { () throws(Errno) in try tree.write(into: directories) }
  }
  private var stageOne: UnitTree { Self.stageOne }

  /// A boot that a condition holds back is redirected.
  private static var stageOne: UnitTree {
    var facts = BootFacts()
    facts.assignments.add(KernelCommandLine(parsing: "preroot.switch=reload"))
    return UnitTree(for: .staged(target: "my.target", .asked), on: facts)
  }

  @Test("The unit tree is written exactly as it is planned")
  func isWritten() throws {
    #expect(try write(stageOne) == nil)
    for node in stageOne.nodes {
      #expect(node.directory == .early)
      switch node.content {
      case .file(let contents): #expect(early.text(node.path.string) == contents.string)
      case .link(let target): #expect(early.link(node.path.string) == target.string)
      }
    }
    let directories = Set(stageOne.nodes.compactMap { $0.path.string.contains("/") ? $0.path.string.prefix { $0 != "/" } : nil })
    #expect(try early.names.count == stageOne.nodes.count + directories.count)
    #expect(try normal.names == [])
    #expect(try write(UnitTree(for: .settled, on: BootFacts())) == nil)
    #expect(try normal.names == ["sysinit.target.wants", "sysinit.target.wants/preroot-settle.service"])
  }

  /// Another generator may have written a file of the same name before.
  @Test("No unit is written if another generator's file has the name of one of them", arguments: stageOne.nodes.filter {
    if case .file = $0.content { true } else { false }
  }.map(\.path.string))
  func isWrittenWholeOrNot(path: String) throws {
    try early.write(path, "theirs")
    let before = try early.names
    #expect(try write(stageOne) == .fileExists)
    #expect(try early.names == before)
    #expect(early.text(path) == "theirs")
  }

  @Test("The redirection replaces another generator's default.target", arguments: ["a file", "a link"])
  func takesPlaceOfDefaultTarget(before: String) throws {
    if before == "a file" {
      try early.write("default.target", "[Unit]\n")
    } else {
      try FileManager.default.createSymbolicLink(atPath: "\(early.path)/default.target", withDestinationPath: "/usr/lib/systemd/system/system-update.target")
    }
    #expect(try write(stageOne) == nil)
    #expect(early.link("default.target") == "/usr/lib/systemd/system/overlay-prep.target")
  }

  @Test("No unit is written if the redirection cannot be")
  func isNotWrittenWithoutLast() throws {
    try early.write("default.target/in-the-way", "")
    #expect(try write(stageOne) != nil)
    #expect(try early.names == ["default.target", "default.target/in-the-way"])
  }

  @Test("Other generators' files in the same directories are left alone")
  func leavesOthers() throws {
    try early.write("service.d/10-other.conf", "[Unit]\n")
    #expect(try write(stageOne) == nil)
    #expect(early.text("service.d/10-other.conf") == "[Unit]\n")
  }

  @Test("The unit tree is not written unless all three directories exist")
  func needsDirectories() throws {
    func failure(_ normal: String, _ early: String, _ late: String) -> Errno? {
      errno { () throws(Errno) in _ = try GeneratorDirectories(normal: Text(utf8: normal), early: Text(utf8: early), late: Text(utf8: late)) }
    }
    #expect(failure(normal.path, early.path, late.path) == nil)
    #expect(failure("/nonexistent", early.path, late.path) == .noSuchFileOrDirectory)
    #expect(failure(normal.path, "/nonexistent", late.path) == .noSuchFileOrDirectory)
    #expect(failure(normal.path, early.path, "/nonexistent") == .noSuchFileOrDirectory)
    try early.write("file", "")
    #expect(failure(normal.path, early.path + "/file", late.path) == .notDirectory)
  }

  @Test(
    "No unit is written on a file system without room for all of them", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"),
    arguments: (1...70).map { "nr_inodes=\($0)" } + ["size=4k", "size=8k", "size=28k"])
  func isNotWrittenOnFullFileSystem(options: String) async throws {
    let path = Text(utf8: early.path), normalPath = Text(utf8: normal.path), latePath = Text(utf8: late.path), tree = stageOne
    let (failure, names, nodes) = try await inPrivateNamespace {
      try mount("full", at: path.string, type: "tmpfs", data: options)
      let directories = try GeneratorDirectories(normal: normalPath, early: path, late: latePath)
      let failure = errno { () throws(Errno) in try tree.write(into: directories) }
      return (failure, here().names(in: path).map(\.string).filter { $0 != "." && $0 != ".." }, tree.nodes.count)
    }
    if failure == nil {
      #expect(names.count > 20 && nodes > 30)
    } else {
      #expect(failure == .noSpace)
      #expect(names == [])
    }
  }
}

@Suite("Space on a file system", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct SpaceTests {
  @Test("The size, free bytes and free inodes of a file system are reported")
  func tellsSize() async throws {
    let (total, free, inodes) = try await inPrivateNamespace {
      try mount("space", at: "/mnt", type: "tmpfs", data: "size=1m,nr_inodes=100")
      try here().create("/mnt/a", contents: Text([UInt8](repeating: 0, count: 8192)))
      let space = try Space(of: "/mnt")
      return (space.totalBytes, space.freeBytes, space.freeInodes)
    }
    #expect(total == 1 << 20)
    #expect(free == (1 << 20) - 8192)
    #expect(inodes == 98)
  }

  @Test("A tmpfs that is resized keeps its files, options and inodes")
  func getsAnotherSize() async throws {
    let (sizes, contents, before, after, inodes) = try await inPrivateNamespace {
      try mount("space", at: "/mnt", type: "tmpfs", flags: MS_NOSUID | MS_NODEV, data: "size=1m,nr_inodes=100,mode=755")
      try here().create("/mnt/a", contents: "kept\n")
      func line() throws -> String {
        try here().read("/proc/thread-self/mountinfo").lines.last!.string
      }
      let before = try line()
      try Space.resizeTmpfs(at: "/mnt", toBytes: 3 << 20)
      let grown = try Space(of: "/mnt")
      let after = try line()
      try Space.resizeTmpfs(at: "/mnt", toBytes: 1 << 20)
      return ([grown.totalBytes, try Space(of: "/mnt").totalBytes], try here().read("/mnt/a").string, before, after, grown.freeInodes)
    }
    #expect(sizes == [3 << 20, 1 << 20])
    #expect(contents == "kept\n")
    #expect(after == before.replacing("size=1024k", with: "size=3072k"))
    #expect(inodes == 98)
  }
}

@Suite("The mount namespace of PID 1")
struct MountNamespaceTests {
  private static let canBeSeen = access("/proc/1/ns/mnt", F_OK) == 0

  @Test("The mount namespace of PID 1 is told apart from another one", .enabled(if: canBeSeen, "/proc/1/ns/mnt is not for us to see: run the tests as root, outside a sandbox"))
  func isToldFromAnother() throws {
    // The helper has one thread, so it compares the namespace of its process.
    let links = try ["/proc/self/ns/mnt", "/proc/1/ns/mnt"].map { try FileManager.default.destinationOfSymbolicLink(atPath: $0) }
    #expect(try MountNamespace.isThatOfInit() == (links[0] == links[1]))
  }
}
