// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

@Suite("A file system", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct FitnessTests {
  /// What a file system mounted for the test lacks, and what is left of the trial.
  private func firstLack(_ type: String) async throws -> (Unfitness?, [String]) {
    try await inPrivateNamespace {
      try mount("fitness", at: "/mnt", type: type)
      let lack: Unfitness?
      do throws(Errno) { lack = try Unfitness.first(of: "/mnt") } catch { throw Problem("Cannot try \(type): \(error.text.string)") }
      return (lack, here().names(in: "/mnt").map(\.string).filter { $0.hasPrefix("preroot") })
    }
  }

  @Test("is fit for an upper if it is a tmpfs, and nothing is left of the trial")
  func isFit() async throws {
    let (lack, names) = try await firstLack("tmpfs")
    #expect(lack == nil)
    #expect(names == [])
  }

  @Test("without extended attributes is not")
  func isUnfit() async throws {
    let (lack, names) = try await firstLack("ramfs")
    #expect(lack == .attributes)
    #expect(names == [])
  }

  @Test("is tried out again where a power cut left the trial")
  func isTriedAgain() async throws {
    let (lack, names) = try await inPrivateNamespace {
      try mount("fitness", at: "/mnt", type: "tmpfs")
      for directory in ["", "/a"] { mkdir("/mnt/preroot.fitness" + directory, 0o755) }
      try here().create("/mnt/preroot.fitness/b", contents: "")
      return (try Unfitness.first(of: "/mnt"), here().names(in: "/mnt").map(\.string))
    }
    #expect(lack == nil)
    #expect(names.filter { $0.hasPrefix("preroot") } == [])
  }

  @Test("that is read-only is another matter than one that lacks something")
  func isReadOnly() async throws {
    let failure = try await inPrivateNamespace {
      try mount("fitness", at: "/mnt", type: "tmpfs", flags: MS_RDONLY)
      return errno { () throws(Errno) in _ = try Unfitness.first(of: "/mnt") }
    }
    #expect(failure == .readOnly)
  }

  @Test("is mounted by its type with its options")
  func isMounted() async throws {
    let line = try await inPrivateNamespace {
      do throws(Errno) { try LinuxKernel().mount("source", at: "/mnt", type: "tmpfs", MountOptions("size=1m")) } catch { throw Problem(error.text.string) }
      return MountInfo(parsing: try here().read("/proc/thread-self/mountinfo")).entry(at: "/mnt")
    }
    #expect(line?.mountSource == "source")
    #expect(line?.superOptions.string.contains("size=1024k") == true)
  }
}

@Suite("What has to survive a power cut")
struct DurabilityTests {
  let directory: Temporary
  let root: Text

  init() throws {
    directory = try Temporary()
    root = Text(utf8: directory.path)
  }

  @Test("is replaced whole, with a path or without, and nothing is left over")
  func isReplaced() throws {
    let descriptor = try Directory(Text(utf8: "\(root)"))
    for contents in ["1\n", "2\n"] {
      try descriptor.replaceDurably("mark", contents: Text(utf8: contents))
      try here().replaceDurably(root + "/counter", contents: Text(utf8: contents))
      #expect(directory.text("mark") == contents)
      #expect(directory.text("counter") == contents)
    }
    #expect(try directory.names == ["counter", "mark"])
  }

  @Test("fails without a trace where there is no such directory")
  func fails() throws {
    let path = root + "/none/mark"
    #expect(errno { () throws(Errno) in try here().replaceDurably(path, contents: "") } == .noSuchFileOrDirectory)
    #expect(try directory.names == [])
  }

  @Test("is renamed and removed for good")
  func isRenamed() throws {
    try directory.write("a/mark", "1\n")
    try directory.write("b/other", "2\n")
    try here().renameDurably(root + "/a/mark", to: root + "/b/mark")
    #expect(directory.text("b/mark") == "1\n")
    try here().removeDurably(root + "/b/mark")
    #expect(try directory.names == ["a", "b", "b/other"])
  }

  @Test("includes a whole file system")
  func isSynced() throws {
    try here().syncFileSystem(root)
    #expect(errno { () throws(Errno) in try here().syncFileSystem("/nonexistent") } == .noSuchFileOrDirectory)
  }
}

@Suite("The machine's name")
struct HostnameTests {
  @Test("can be set", .enabled(if: geteuid() == 0, "Only root may set it; run the tests as root"))
  func isSet() throws {
    let name = try String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    // The same: in whatever container this runs, the name is not only this test's.
    try Hostname.set(Text(utf8: name))
    #expect(try String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8) == name + "\n")
    #expect(errno { () throws(Errno) in try Hostname.set(Text(utf8: String(repeating: "x", count: 65))) } == .invalidArgument)
  }
}
