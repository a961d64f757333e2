// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

@Suite("Fitness of file systems", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct FitnessTests {
  /// The first feature that a file system of this type lacks, and the files that the trial leaves behind.
  private func firstLack(_ type: String) async throws -> (Unfitness?, [String]) {
    try await inPrivateNamespace {
      try mount("fitness", at: "/mnt", type: type)
      let lack: Unfitness?
      do throws(Errno) { lack = try Unfitness.first(of: "/mnt") } catch { throw Problem("Cannot try \(type): \(error.text.string)") }
      return (lack, here().names(in: "/mnt").map(\.string).filter { $0.hasPrefix("preroot") })
    }
  }

  @Test("A tmpfs is fit for an upper, and the trial leaves no files behind")
  func isFit() async throws {
    let (lack, names) = try await firstLack("tmpfs")
    #expect(lack == nil)
    #expect(names == [])
  }

  @Test("A file system without extended attributes is not fit for an upper")
  func isUnfit() async throws {
    let (lack, names) = try await firstLack("ramfs")
    #expect(lack == .attributes)
    #expect(names == [])
  }

  @Test("The fitness trial ignores and removes the files of an interrupted trial")
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

  @Test("The fitness trial reports EROFS on a read-only file system")
  func isReadOnly() async throws {
    let failure = try await inPrivateNamespace {
      try mount("fitness", at: "/mnt", type: "tmpfs", flags: MS_RDONLY)
      return errno { () throws(Errno) in _ = try Unfitness.first(of: "/mnt") }
    }
    #expect(failure == .readOnly)
  }

  @Test("A file system is mounted with its type and options")
  func isMounted() async throws {
    let line = try await inPrivateNamespace {
      do throws(Errno) { try LinuxKernel().mount("source", at: "/mnt", type: "tmpfs", MountOptions("size=1m")) } catch { throw Problem(error.text.string) }
      return MountInfo(parsing: try here().read("/proc/thread-self/mountinfo")).entry(at: "/mnt")
    }
    #expect(line?.mountSource == "source")
    #expect(line?.superOptions.string.contains("size=1024k") == true)
  }
}

@Suite("Durable writes")
struct DurabilityTests {
  let directory: Temporary
  let root: Text

  init() throws {
    directory = try Temporary()
    root = Text(utf8: directory.path)
  }

  @Test("A durable write replaces the whole file and leaves no temporary file")
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

  @Test("A durable write into a missing directory fails and leaves nothing behind")
  func fails() throws {
    let path = root + "/none/mark"
    #expect(errno { () throws(Errno) in try here().replaceDurably(path, contents: "") } == .noSuchFileOrDirectory)
    #expect(try directory.names == [])
  }

  @Test("A durable rename moves the file, and a durable removal deletes it")
  func isRenamed() throws {
    try directory.write("a/mark", "1\n")
    try directory.write("b/other", "2\n")
    try here().renameDurably(root + "/a/mark", to: root + "/b/mark")
    #expect(directory.text("b/mark") == "1\n")
    try here().removeDurably(root + "/b/mark")
    #expect(try directory.names == ["a", "b", "b/other"])
  }

  @Test("A whole file system can be synced, and a missing path is an error")
  func isSynced() throws {
    try here().syncFileSystem(root)
    #expect(errno { () throws(Errno) in try here().syncFileSystem("/nonexistent") } == .noSuchFileOrDirectory)
  }
}

@Suite("The kernel's host name")
struct HostnameTests {
  @Test("The host name can be set, and the kernel rejects one that is too long", .enabled(if: geteuid() == 0, "Only root may set it; run the tests as root"))
  func isSet() throws {
    let name = try String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    // The test sets the name that the host has: outside of a UTS namespace others would see a different one.
    try Hostname.set(Text(utf8: name))
    #expect(try String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8) == name + "\n")
    #expect(errno { () throws(Errno) in try Hostname.set(Text(utf8: String(repeating: "x", count: 65))) } == .invalidArgument)
  }
}
