// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import Glibc
import PrerootCore
import Support

@testable import PrerootSystem

/// Runs `body` on a thread with its own mount namespace: to the kernel a thread has a root and a mount namespace as a process does.
/// Both end with the thread, and with them all mounts, even if `body` fails.
///
/// `body` must not use `#expect`, which only works on the test's own thread. It reads files with PrerootSystem or Glibc, as
/// Foundation may look for files of its own that this root lacks.
func inPrivateNamespace<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(with: Swift.Result {
        // The Glibc module lacks unshare(2), which needs _GNU_SOURCE.
        typealias Unshare = @convention(c) (Int32) -> Int32
        let newNamespace: Int32 = 0x20000
        guard let symbol = dlsym(nil, "unshare"), unsafeBitCast(symbol, to: Unshare.self)(newNamespace) == 0 else {
          throw Problem("Cannot make a mount namespace: \(String(cString: strerror(errno)))")
        }
        try mount("none", at: "/", flags: MS_REC | MS_PRIVATE)
        return try body()
      })
    }
  }
}

/// The Glibc module lacks extended attributes.
func setAttribute(_ name: String, of path: String, to value: [UInt8]) -> Int32 {
  typealias Call = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer, Int, Int32) -> Int32
  return unsafeBitCast(dlsym(nil, "setxattr")!, to: Call.self)(path, name, value, value.count, 0)
}

func sizeOfAttribute(_ name: String, of path: String) -> Int {
  typealias Call = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
  return unsafeBitCast(dlsym(nil, "getxattr")!, to: Call.self)(path, name, nil, 0)
}

/// Repeats `body` while it fails with EBUSY, for ten seconds at most. A program that another test forks has copies of all open files, with
/// their mounts and exclusive devices, until it calls execve(2). The helper, which has no threads, needs no such patience.
func patiently<Result>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
  for _ in 1...1000 {
    do throws(Errno) { return try body() } catch {
      guard error.rawValue == EBUSY else { throw error }
      LinuxKernel.sleep(microseconds: 10_000)
    }
  }
  return try body()
}

/// The attribute's bytes, or `none`.
func textOfAttribute(_ name: String, of path: String) -> String {
  typealias Call = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
  var bytes = [UInt8](repeating: 0, count: 256)
  let count = unsafeBitCast(dlsym(nil, "getxattr")!, to: Call.self)(path, name, &bytes, bytes.count)
  return count < 0 ? "none" : String(decoding: bytes[..<count], as: UTF8.self)
}

/// The calling thread's root.
func here() -> Directory { try! Directory("/") }

func mount(_ source: String, at place: String, type: String? = nil, flags: Int = 0, data: String? = nil) throws {
  guard Glibc.mount(source, place, type, UInt(flags), data) == 0 else {
    throw Problem("Cannot mount \(source) at \(place): \(String(cString: strerror(errno)))")
  }
}

/// A small machine that becomes the root of the calling thread. It is in the state in which PID 1 finds a machine: the root is
/// read-only, /proc, /sys, /dev and /run are mounted, and every mount is shared.
struct MiniatureMachine: ~Copyable {
  let kernel = LinuxKernel()

  /// A directory whose name has characters that are special to overlayfs.
  static let strangeDirectory = "/srv,a\\b c"

  /// - Parameters:
  ///   - extraMount: a directory of the root that gets its own file system.
  ///   - fileMount: a file of the root that another file is mounted over, like /etc/resolv.conf in containers.
  ///   - transientMachineID: the ID to mount on /etc/machine-id, as PID 1 does if the image has none.
  ///   - machineID: the contents of the image's own file.
  ///   - machineIDLink: if given, /etc/machine-id is a link with this target.
  ///   - link: a link in the image, and its target.
  ///   - labels: the SELinux labels of some of its directories; an empty path is the root.
  init(
    extraMount: String? = nil, fileMount: String? = nil, transientMachineID: String? = nil, machineID: String = "", machineIDLink: String? = nil,
    link: (String, String)? = nil, attributes: (path: String, name: String, value: String)? = nil, accessList: String? = nil,
    labels: [String: String] = [:], options: String = "mode=755"
  ) throws {
    // Every machine has /mnt, and nobody else sees this mount.
    let root = "/mnt"
    try mount("miniature", at: root, type: "tmpfs", data: options)
    for directory in ["etc", "usr", "var", "var/lib", "var/lib/x", "proc", "sys", "dev", "run", "secret", String(Self.strangeDirectory.dropFirst())] {
      guard mkdir("\(root)/\(directory)", 0o755) == 0 else { throw Problem("Cannot make \(directory)") }
    }
    if let extraMount { mkdir(root + extraMount, 0o755) }
    chmod("\(root)/secret", 0o700)
    chown("\(root)/var/lib/x", 7, 8)
    let idFile = machineIDLink == nil ? "etc/machine-id" : "var/lib/machine-id"
    if let machineIDLink { symlink(machineIDLink, "\(root)/etc/machine-id") }
    if let link { symlink(link.1, root + link.0) }
    for (file, contents) in [("etc/hostname", "miniature\n"), (idFile, machineID), ("usr/tool", "1\n"), ("var/lib/x/state", "old\n")] {
      try here().create(Text(utf8: "\(root)/\(file)"), contents: Text(utf8: contents))
    }
    if let attributes { _ = setAttribute(attributes.name, of: root + attributes.path, to: Array(attributes.value.utf8)) }
    for (path, label) in labels {
      guard setAttribute("security.selinux", of: root + path, to: Array(label.utf8)) == 0 else { throw Problem("Cannot label \(path): \(errno)") }
    }
    if let accessList {
      // Version 2; owner rwx, user 7 rwx, group ---, mask rwx, others ---. See linux: include/uapi/linux/posix_acl_xattr.h.
      let list: [UInt8] = [2, 0, 0, 0] + [(1, 7, -1), (2, 7, 7), (4, 0, -1), (0x10, 7, -1), (0x20, 0, -1)].flatMap { (tag: UInt8, rights: UInt8, id: Int32) in
        [tag, 0, rights, 0] + withUnsafeBytes(of: id.littleEndian, Array.init)
      }
      guard setAttribute("system.posix_acl_access", of: root + accessList, to: list) == 0 else { throw Problem("Cannot set an access list: \(errno)") }
    }
    try mount("proc", at: "\(root)/proc", type: "proc")
    for directory in ["sys", "dev", "run"] { try mount("tmpfs", at: "\(root)/\(directory)", type: "tmpfs", data: "mode=755") }
    for directory in ["run/systemd", "run/lock", "dev/shm"] { mkdir("\(root)/\(directory)", 0o755) }
    for directory in ["run/lock", "dev/shm"] { try mount("tmpfs", at: "\(root)/\(directory)", type: "tmpfs") }
    if let extraMount { try mount("extra", at: root + extraMount, type: "tmpfs") }
    if let fileMount {
      try here().create(Text(utf8: "\(root)/run/file"), contents: "mounted\n")
      try mount("\(root)/run/file", at: root + fileMount, flags: MS_BIND)
    }
    if let transientMachineID {
      try here().create(Text(utf8: "\(root)/run/machine-id"), contents: Text(utf8: transientMachineID))
      try mount("\(root)/run/machine-id", at: "\(root)/\(idFile)", flags: MS_BIND)
      try mount("none", at: "\(root)/\(idFile)", flags: MS_BIND | MS_REMOUNT | MS_RDONLY)
    }
    do throws(Errno) {
      try patiently { () throws(Errno) in
        guard Glibc.mount("miniature", root, nil, UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else { throw Errno(rawValue: errno) }
      }
    } catch { throw Problem("Cannot make the root read-only: \(error.text.string)") }

    // The pivot moves the old root here for a moment.
    for parent in (Paths.staging + "/").parents.dropFirst() { mkdir(root + parent.string, 0o755) }
    var kernel = LinuxKernel()
    for step in [Step(.pivot, Text(utf8: root)), Step(.leaveOldRoot, ""), Step(.makeSharedRecursively, "/")] {
      do throws(Errno) { try kernel.perform(step) } catch { throw Problem("Cannot \(step.text.string): \(error.text.string)") }
    }
    for parent in (Paths.staging + "/").parents.dropFirst().reversed() { rmdir(parent.string) }
  }

  /// The mount table of this thread, not of the test's process.
  var mountInfo: MountInfo { MountInfo(parsing: contents("/proc/thread-self/mountinfo")) }

  /// One line for each mount: `PLACE on PARENT: TYPE SOURCE OPTIONS`. The lines omit IDs, which differ each time, and are sorted,
  /// as the kernel lists mounts by ID and reuses IDs.
  var mountTable: [String] {
    let lines = contents("/proc/thread-self/mountinfo").lines.map(\.words)
    return lines.map { line in
      let parent = lines.first { $0[0] == line[1] }?[4].string ?? "nothing"
      let separator = line.firstIndex { $0 == "-" }!
      let propagation = line[6..<separator].map { $0.string.prefix { $0 != ":" } }.joined(separator: " ")
      let options = line[5].string.split(separator: ",").first { $0 == "ro" || $0 == "rw" } ?? ""
      return "\(line[4].string) on \(parent): \(line[separator + 1].string) \(line[separator + 2].string) \(options) \(propagation)"
    }.sorted()
  }

  func contents(_ path: String) -> Text { (try? here().read(Text(utf8: path))) ?? Text() }

  /// Everything below a directory except the contents of other file systems mounted there.
  func files(below path: String) -> [String] {
    here().names(in: Text(utf8: path)).map(\.string).filter { $0 != "." && $0 != ".." }.flatMap { name in
      let below = path == "/" ? "/\(name)" : "\(path)/\(name)"
      return [below] + (mountInfo.entry(at: Text(utf8: below)) == nil ? files(below: below) : [])
    }.sorted()
  }

  /// The error of writing a file, or nil.
  func errorOfWriting(_ path: String) -> Errno? {
    do throws(Errno) {
      try here().create(Text(utf8: path), contents: "new\n")
      return nil
    } catch { return error }
  }

  /// `MODE UID GID`.
  func ownerAndMode(_ path: String) -> String {
    var status = stat()
    guard lstat(path, &status) == 0 else { return "absent" }
    return "\(String(status.st_mode & 0o7777, radix: 8)) \(status.st_uid) \(status.st_gid)"
  }
}

/// The real kernel, except that one chosen step fails without any effect.
struct FailingKernel: Kernel, ~Copyable {
  private var kernel = LinuxKernel()
  private var countdown: Int

  init(failingAt place: Int) { countdown = place }

  var microseconds: Int64 { kernel.microseconds }

  mutating func perform(_ step: Step) throws(Errno) {
    countdown -= 1
    if countdown == -1 { throw .notPermitted }
    guard step.verb == .unmount else { return try kernel.perform(step) }
    try patiently { () throws(Errno) in try kernel.perform(step) }
  }
}

extension MiniatureMachine {
  /// Lets each step fail in turn, and lists what differs after the steps before it have been undone.
  func differences(failingAtEachOf steps: [Step], _ execute: (inout FailingKernel, inout Memory) -> Execution) -> [String] {
    let before = mountTable, files = files(below: "/run")
    var differences: [String] = []
    // A step of a part does not undo the whole plan.
    for place in steps.indices where steps[place].part.isEmpty {
      var kernel = FailingKernel(failingAt: place)
      var memory = Memory()
      let failure = execute(&kernel, &memory).failure
      let step = steps[place].text.string
      if failure?.step != steps[place] { differences.append("\(step): \(failure?.step.text.string ?? "nothing") failed") }
      if memory.failures.count != 1 { differences.append("\(step): \(memory.failures)") }
      if mountTable != before { differences.append("\(step): \(mountTable)") }
      if self.files(below: "/run") != files { differences.append("\(step): \(self.files(below: "/run"))") }
      if String(cString: getcwd(nil, 0)) != "/" { differences.append("\(step): in \(String(cString: getcwd(nil, 0)))") }
    }
    return differences
  }
}

struct Memory: Witness, ~Copyable {
  var failures: [String] = []
  mutating func hear(_ record: StepRecord) {
    if let errno = record.errno { failures.append("\(record.step.text.string): \(errno.text.string)") }
  }
}
