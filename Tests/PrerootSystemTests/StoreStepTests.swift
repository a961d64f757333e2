// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

private let store = Paths.store.string, lower = Paths.lower.string

/// Runs `body` on a thread that has its own store; both end with it.
private func onStore<Result: Sendable>(
  type: String = "tmpfs", options: String = "size=4m", _ body: @escaping @Sendable (inout LinuxKernel) throws -> Result
) async throws -> Result {
  try await inPrivateNamespace {
    try mount("run", at: "/run", type: "tmpfs", data: "mode=755")
    for directory in [store, lower] {
      for parent in Text(utf8: directory).parents.dropFirst() { mkdir(parent.string, 0o755) }
      mkdir(directory, 0o755)
    }
    try mount("store", at: store, type: type, data: options)
    var kernel = LinuxKernel()
    return try body(&kernel)
  }
}

extension LinuxKernel {
  /// The error of a step, or nil.
  fileprivate mutating func failure(
    _ verb: Step.Verb, _ path: String, _ other: String = "", type: Text = "", options: MountOptions = MountOptions()
  ) -> Errno? {
    failure(Step(verb, Text(utf8: path), Text(utf8: other), type: type, options: options))
  }

  fileprivate mutating func failure(_ step: Step) -> Errno? {
    do throws(Errno) {
      if step.verb == .unmount { try patiently { () throws(Errno) in try perform(step) } } else { try perform(step) }
      return nil
    } catch { return error }
  }
}

/// Creates a file and its parents.
private func write(_ path: String, _ contents: String = "", mode: mode_t = 0o644, owner: uid_t = 0) throws {
  for parent in Text(utf8: path).parents { mkdir(parent.string, 0o755) }
  try here().create(Text(utf8: path), contents: Text(utf8: contents))
  chmod(path, mode)
  chown(path, owner, owner)
}

private func read(_ path: String) -> String? { (try? here().read(Text(utf8: path)))?.string }

/// `MODE UID`.
private func owner(_ path: String) -> String {
  var status = stat()
  guard lstat(path, &status) == 0 else { return "absent" }
  return "\(String(status.st_mode & 0o7777, radix: 8)) \(status.st_uid)"
}

private func listing(_ path: String = store) -> [String] {
  here().names(in: Text(utf8: path)).map(\.string).filter { $0 != "." && $0 != ".." }.flatMap { name in
    ["\(path)/\(name)"] + (owner("\(path)/\(name)") == "absent" ? [] : listing("\(path)/\(name)"))
  }.sorted()
}

@Suite("Steps on the upper's file system", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct StoreStepTests {
  @Test("A state file is written and removed, and neither failure ends the boot")
  func writesDurably() async throws {
    let (failures, contents, names) = try await onStore { kernel in
      var failures = [kernel.failure(.writeDurably, store + "/attempts", "1\n"), kernel.failure(.writeDurably, store + "/attempts", "2\n")]
      let contents = read(store + "/attempts")
      failures += [kernel.failure(.removeDurably, store + "/attempts"), kernel.failure(.removeDurably, store + "/attempts")]
      // No failure to write one of these fails the boot.
      failures.append(kernel.failure(.writeDurably, store + "/none/attempts", "1\n"))
      return (failures, contents, listing())
    }
    #expect(failures == [nil, nil, nil, nil, nil])
    #expect(contents == "2\n")
    #expect(names == [])
  }

  @Test("A full upper is used with a log line, and its state file keeps its contents")
  func isFull() async throws {
    let (failures, contents, remarks) = try await onStore(options: "size=64k") { kernel in
      try write(store + "/attempts", "1\n")
      try? here().create(Paths.store + "/big", contents: Text([UInt8](repeating: 0x78, count: 40960)))
      var place = 0
      // Fill up the rest.
      while (try? here().create(Paths.store + "/x" + Text(decimal: place), contents: "x")) != nil { place += 1 }
      let failures = [kernel.failure(.writeDurably, store + "/attempts", "2\n"), kernel.failure(.requireFitness, store)]
      return (failures, read(store + "/attempts"), kernel.remarks.map(\.text.string))
    }
    #expect(failures == [nil, nil])
    #expect(contents == "1\n")
    #expect(remarks.first == "Cannot write \(store)/attempts, the upper is full")
  }

  @Test("The upper is set aside at most once, and never over an earlier one")
  func setsAside() async throws {
    let (failures, names) = try await onStore { kernel in
      mkdir(store + "/trash", 0o755)
      var failures = [kernel.failure(.setAside, store + "/upper", store + "/trash/boot")]
      try write(store + "/upper/old")
      failures.append(kernel.failure(.setAside, store + "/upper", store + "/trash/boot"))
      try write(store + "/upper/new")
      failures.append(kernel.failure(.setAside, store + "/upper", store + "/trash/boot"))
      return (failures, listing())
    }
    #expect(failures == [nil, nil, .fileExists])
    #expect(names == [store + "/trash", store + "/trash/boot", store + "/trash/boot/old", store + "/upper", store + "/upper/new"])
  }

  @Test("A kept path is moved back with the owners and modes of its parents")
  func takesBack() async throws {
    let (failures, owners, names) = try await onStore { kernel in
      try write(store + "/trash/boot/home/user/keys/key", "secret", mode: 0o600, owner: 7)
      try write(store + "/trash/boot/home/user/other")
      for (path, mode, owner) in [("", 0o751, 3), ("/home", 0o711, 4), ("/home/user", 0o700, 7), ("/home/user/keys", 0o500, 7)] as [(String, mode_t, uid_t)] {
        chmod(store + "/trash/boot" + path, mode)
        chown(store + "/trash/boot" + path, owner, owner)
      }
      var failures: [Errno?] = []
      // The second time, as after a power cut, there is nothing left to do; nor is there for a path that never existed.
      for _ in 1...2 { failures.append(kernel.failure(.takeBack, store + "/upper/home/user/keys", store + "/trash/boot/home/user/keys")) }
      failures.append(kernel.failure(.takeBack, store + "/upper/var/none", store + "/trash/boot/var/none"))
      return (failures, ["", "/home", "/home/user", "/home/user/keys", "/home/user/keys/key"].map { owner(store + "/upper" + $0) }, listing(store + "/upper"))
    }
    #expect(failures == [nil, nil, nil])
    #expect(owners == ["751 3", "711 4", "700 7", "500 7", "600 7"])
    #expect(names == [store + "/upper/home", store + "/upper/home/user", store + "/upper/home/user/keys", store + "/upper/home/user/keys/key"])
  }

  /// /etc/localtime may lead to a file that only the upper has.
  @Test("A kept link is moved back, whatever its target")
  func takesBackLink() async throws {
    let (failure, target) = try await onStore { kernel in
      try write(store + "/trash/boot/etc/file")
      symlink("/nowhere", store + "/trash/boot/etc/link")
      return (kernel.failure(.takeBack, store + "/upper/etc/link", store + "/trash/boot/etc/link"), here().target(ofLink: Paths.store + "/upper/etc/link"))
    }
    #expect(failure == nil)
    #expect(target == "/nowhere")
  }

  /// chmod(2) and chown(2) of the overlay's top change the top of the upper.
  @Test("A layer's directory gets the image's owner and mode once, and then keeps its own")
  func makesStoreDirectory() async throws {
    let (failures, owners, names) = try await onStore { kernel in
      mkdir(lower, 0o755)
      chmod(lower, 0o700)
      chown(lower, 7, 7)
      var failures = [kernel.failure(.makeStoreDirectory, store + "/upper", lower)]
      var owners = [owner(store + "/upper")]
      chmod(store + "/upper", 0o711)
      chown(store + "/upper", 8, 8)
      failures.append(kernel.failure(.makeStoreDirectory, store + "/upper", lower))
      owners.append(owner(store + "/upper"))
      // A power cut in the middle leaves this.
      mkdir(store + "/work.preroot", 0o755)
      failures.append(kernel.failure(.makeStoreDirectory, store + "/work", lower))
      owners.append(owner(store + "/work"))
      failures.append(kernel.failure(.makeStoreDirectory, store + "/none", store + "/nothing"))
      return (failures, owners, listing())
    }
    #expect(failures == [nil, nil, nil, .noSuchFileOrDirectory])
    #expect(owners == ["700 7", "711 8", "700 7"])
    #expect(names == [store + "/upper", store + "/work"])
  }

  @Test("A tree is deleted whatever its files are called, and a missing one is no failure")
  func deletesTree() async throws {
    let (failures, names, remarks) = try await onStore { kernel in
      for file in ["a/b/c", "-rf", "a b", "*"] { try write(store + "/trash/\(file)") }
      symlink(store + "/kept", store + "/trash/link")
      try write(store + "/kept/file")
      let failures = [kernel.failure(.deleteTree, store + "/trash"), kernel.failure(.deleteTree, store + "/trash")]
      return (failures, listing(), kernel.remarks)
    }
    #expect(failures == [nil, nil])
    #expect(names == [store + "/kept", store + "/kept/file"])
    #expect(remarks == [])
  }

  @Test("A tree that cannot be deleted is logged as an error and does not fail the boot")
  func cannotDeleteTree() async throws {
    let (failure, remarks) = try await onStore { kernel in
      mkdir(store + "/trash", 0o755)
      mkdir(store + "/trash/busy", 0o755)
      try mount("busy", at: store + "/trash/busy", type: "tmpfs")
      return (kernel.failure(.deleteTree, store + "/trash"), kernel.remarks)
    }
    #expect(failure == nil)
    #expect(remarks.map(\.priority) == [.error])
    #expect(remarks.first?.text.string.hasPrefix("rm exited with status 1: rm: ") == true)
  }

  @Test("A bind directory is seeded from the image once, with owners and links")
  func seeds() async throws {
    let (failures, owners, contents, link, names) = try await onStore { kernel in
      try write(lower + "/home/user/file", "image\n", mode: 0o640, owner: 7)
      chmod(lower + "/home", 0o711)
      symlink("file", lower + "/home/user/link")
      var failures = [kernel.failure(.seed, store + "/home", lower + "/home")]
      let owners = [owner(store + "/home"), owner(store + "/home/user/file")]
      let link = here().target(ofLink: Paths.store + "/home/user/link")?.string
      // Files that changed since the seed are not the image's.
      try here().replace(Paths.store + "/home/user/file", contents: "mine\n")
      failures.append(kernel.failure(.seed, store + "/home", lower + "/home"))
      failures.append(kernel.failure(.seed, store + "/empty", lower + "/none"))
      return (failures, owners, read(store + "/home/user/file"), link, listing().filter { !$0.hasPrefix(lower) })
    }
    #expect(failures == [nil, nil, nil])
    #expect(owners == ["711 0", "640 7"])
    #expect(contents == "mine\n")
    #expect(link == "file")
    #expect(names == [store + "/empty", store + "/home", store + "/home/user", store + "/home/user/file", store + "/home/user/link"])
  }

  @Test("An interrupted seed starts over")
  func seedsAnew() async throws {
    let (failure, contents, names) = try await onStore { kernel in
      try write(lower + "/a", "image\n")
      try write(store + "/home.preroot/a", "im")
      try write(store + "/home.preroot/b", "of another image")
      return (kernel.failure(.seed, store + "/home", lower), read(store + "/home/a"), listing().filter { !$0.hasPrefix(lower) })
    }
    #expect(failure == nil)
    #expect(contents == "image\n")
    #expect(names == [store + "/home", store + "/home/a"])
  }

  @Test("A seed that does not fit fails and leaves no directory behind")
  func cannotSeed() async throws {
    let (failure, exists, remarks) = try await onStore { kernel in
      mkdir(store + "/small", 0o755)
      try write(lower + "/a", String(repeating: "x", count: 100_000))
      try mount("small", at: store + "/small", type: "tmpfs", data: "size=16k")
      return (kernel.failure(.seed, store + "/small/home", lower), here().exists(Paths.store + "/small/home"), kernel.remarks)
    }
    #expect(failure == .inputOutput)
    #expect(!exists)
    #expect(remarks.map(\.text.string).first?.hasPrefix("cp exited with status 1: cp: ") == true)
  }

  @Test("A mount point is created with its parents, and shows the bind until it is unmounted")
  func binds() async throws {
    let (failures, shown, unmounted) = try await onStore { kernel in
      try write(store + "/own/file", "1\n")
      var failures = [kernel.failure(.makeMountPoint, store + "/place"), kernel.failure(.makeMountPoint, store + "/place")]
      let bind = Step(.bind, Text(utf8: store + "/place"), Text(utf8: store + "/own"))
      failures.append(kernel.failure(bind))
      let shown = read(store + "/place/file")
      failures.append(kernel.failure(bind.inverse!))
      failures.append(kernel.failure(.makeMountPoint, store + "/a/b/place"))
      failures.append(kernel.failure(.bind, store + "/place", store + "/nothing"))
      return (failures, shown, read(store + "/place/file"))
    }
    #expect(failures == [nil, nil, nil, nil, nil, .noSuchFileOrDirectory])
    #expect(shown == "1\n")
    #expect(unmounted == nil)
  }

  /// `/srv` of the image is a link with one of these targets.
  @Test("A bind follows links only within the image, and fails otherwise", arguments: [
    ("/var/lib/x", true), ("var/lib/x", true), ("../../var/lib/x", true), ("/etc", false), ("/none", false), ("/none/there", false), ("/srv", false), ("/var/lib/x/state", false),
  ])
  func bindsThroughLink(target: String, leadsSomewhere: Bool) async throws {
    let root = Paths.staging.string
    let (failures, seeded, shown, gone, etc) = try await onStore { kernel in
      for tree in [lower, root] {
        try write(tree + "/var/lib/x/state", "image\n")
        symlink(target, tree + "/srv")
      }
      var failures: [Errno?] = [kernel.failure(.seed, store + "/srv", lower + "/srv")]
      let seeded = read(store + "/srv/state")
      failures.append(kernel.failure(.makeMountPoint, root + "/srv"))
      mkdir(store + "/srv", 0o755)
      try? here().replace(Paths.store + "/srv/state", contents: "mine\n")
      failures.append(kernel.failure(.bind, root + "/srv", store + "/srv"))
      let shown = read(root + "/var/lib/x/state")
      if failures.last! == nil { failures.append(kernel.failure(.unmount, root + "/srv")) }
      return (failures, seeded, shown, read(root + "/var/lib/x/state"), MountInfo(parsing: try here().read("/proc/thread-self/mountinfo")).entry(at: "/etc") == nil)
    }
    #expect(etc, "The bind covers the machine's own /etc")
    #expect(gone == "image\n")
    if leadsSomewhere {
      #expect(failures == [nil, nil, nil, nil])
      #expect(seeded == "image\n")
      #expect(shown == "mine\n")
    } else {
      #expect(failures.contains { $0 != nil })
      #expect(shown == "image\n")
    }
  }

  @Test("A plan fails if the upper's file system is not fit, and an error says why", arguments: [("tmpfs", nil), ("ramfs", Errno.notSupported)] as [(String, Errno?)])
  func requiresFitness(type: String, expected: Errno?) async throws {
    let (failure, remarks, names) = try await onStore(type: type, options: "") { kernel in
      (kernel.failure(.requireFitness, store), kernel.remarks.map { "\($0.priority): \($0.text.string)" }, listing())
    }
    #expect(failure == expected)
    #expect(remarks == (expected == nil ? [] : ["error: The file system cannot hold an upper: \(Unfitness.attributes.text.string)"]))
    #expect(names == [])
  }

  @Test("A device is mounted with its type, source and options")
  func mountsDevice() async throws {
    let (failures, entry, gone) = try await onStore { kernel in
      var failures = [kernel.failure(.mountDevice, store, "source", type: "tmpfs", options: MountOptions("nosuid,size=1m,mode=0700"))]
      func table() throws -> MountInfo { MountInfo(parsing: try here().read("/proc/thread-self/mountinfo")) }
      let entry = try table().entry(at: Paths.store)
      failures.append(kernel.failure(.unmount, store))
      failures.append(kernel.failure(.mountDevice, store, "source", type: "nothing"))
      return (failures, entry, try table().entry(at: Paths.store)?.mountSource.string)
    }
    #expect(failures == [nil, nil, .noSuchDevice])
    #expect(entry?.mountSource == "source")
    #expect(entry?.superOptions.string.contains("size=1024k") == true)
    #expect(gone == "store")
  }

  @Test("The check is skipped with a log line if the image lacks fsck")
  func isNotChecked() async throws {
    let (failure, remarks) = try await onStore { kernel in
      (kernel.failure(.check, store, "nothing"), kernel.remarks.map { "\($0.priority): \($0.text.string)" })
    }
    #expect(failure == nil)
    #expect(remarks == ["info: fsck.nothing is not in the image; the upper's file system is not checked"])
  }

  @Test("The check repairs safe damage, and fails if that is not enough", arguments: ["sound", "dirty", "broken"])
  func isChecked(state: String) async throws {
    let directory = try Temporary()
    let disk = try Disk(directory)
    try disk.run("mkfs.ext4", "-q")
    switch state {
    // s_state 0 means that it was not unmounted cleanly.
    case "dirty": try disk.run("debugfs", "-w", "-R", "set_super_value state 0")
    case "broken": try disk.write(Data(repeating: 0x17, count: 1 << 20), at: 0)
    default: break
    }
    let path = disk.text.string
    let (failure, remarks) = try await onStore { kernel in
      (kernel.failure(.check, path, "ext4"), kernel.remarks.map { "\($0.priority): \($0.text.string)" })
    }
    #expect(failure == (state == "broken" ? .inputOutput : nil))
    let said = ["dirty": "notice: fsck.ext4 repaired the upper's file system: ", "broken": "error: fsck.ext4 exited with status 8 (operational error): "]
    #expect(remarks.count == (state == "sound" ? 0 : 1))
    #expect(remarks.allSatisfy { $0.hasPrefix(said[state]!) }, "\(remarks)")
  }

  @Test("A device is formatted as ext4, and an unknown type is rejected")
  func isFormatted() async throws {
    let directory = try Temporary()
    let disk = try Disk(directory)
    let path = disk.text.string
    let (failures, remarks) = try await onStore { kernel in
      ([kernel.failure(.format, path, "vfat"), kernel.failure(.format, path, "ext4")], kernel.remarks.map { "\($0.priority): \($0.text.string)" })
    }
    #expect(failures == [.invalidArgument, nil])
    #expect(remarks == ["notice: \(path) was blank; created ext4"])
    guard case .signature(let signature) = try disk.probe else { throw Problem("There is no file system") }
    #expect(signature.label == "preroot")
  }
}

@Suite("The overlay's machine ID", .enabled(if: geteuid() == 0, "Only root may mount; run the tests as root"))
struct SettlingTests {
  private static let id = "0123456789abcdef0123456789abcdef", own = "fedcba9876543210fedcba9876543210"

  struct Seen: Equatable, Sendable {
    /// The file's contents with the mount on it, and without.
    var settled: String?
    var unsettled: String?
    var isMounted = false
    /// The ID that PID 1 would read in a soft reboot.
    var running: String?
    var remarks: [String] = []
  }

  /// The result for an /etc/machine-id with these contents.
  private func settle(_ contents: String?, running: String?) async throws -> Seen {
    try await inPrivateNamespace {
      for place in ["/run", "/mnt"] { try mount("settling", at: place, type: "tmpfs") }
      mkdir("/mnt/etc", 0o755)
      if let contents { try write("/mnt/etc/machine-id", contents) }
      if let running { try write("/run/machine-id", running) }
      var kernel = LinuxKernel()
      let step = Step(.provideMachineID, "/mnt", Text(utf8: Self.id))
      if let failure = kernel.failure(step) { throw Problem("Cannot settle: \(failure.text.string)") }
      var seen = Seen()
      seen.settled = read("/mnt/etc/machine-id")
      let mount = MountInfo(parsing: try here().read("/proc/thread-self/mountinfo")).entry(at: "/mnt/etc/machine-id")
      seen.isMounted = mount != nil
      // It is read-only like PID 1's own mount, so that writing it by mistake is an error.
      if mount != nil, errno(of: { () throws(Errno) in _ = try here().openLog("/mnt/etc/machine-id") }) != .readOnly {
        throw Problem("The mounted ID can be written")
      }
      // The second time nothing is mounted, which is no error.
      for _ in 1...2 { if kernel.failure(step.inverse!) != nil { throw Problem("Cannot unsettle") } }
      seen.unsettled = read("/mnt/etc/machine-id")
      seen.running = read("/run/machine-id")
      seen.remarks = kernel.remarks.map { "\($0.priority): \($0.text.string)" }
      return seen
    }
  }

  @Test("In a first boot PID 1's machine ID is mounted over the file, which stays as it is", arguments: [nil, "uninitialized\n"] as [String?])
  func isMounted(contents: String?) async throws {
    let remarks = contents == nil ? ["warning: The image has no /etc/machine-id, so systemd had no machine ID until now; an empty file is enough"] : []
    for running in [nil, Self.id + "\n", Self.own + "\n"] {
      #expect(try await settle(contents, running: running)
        == Seen(settled: Self.id + "\n", unsettled: "uninitialized\n", isMounted: true, running: Self.id + "\n", remarks: remarks))
    }
  }

  @Test("PID 1's machine ID is written to an empty /etc/machine-id")
  func isWritten() async throws {
    for running in [nil, Self.id + "\n"] {
      #expect(try await settle("", running: running) == Seen(settled: Self.id + "\n", unsettled: Self.id + "\n", running: running))
    }
  }

  @Test("PID 1's machine ID replaces an invalid one, and a warning says so")
  func isWrittenOverJunk() async throws {
    #expect(try await settle("junk\n", running: nil) == Seen(
      settled: Self.id + "\n", unsettled: Self.id + "\n",
      remarks: ["warning: The overlay's /etc/machine-id held no machine ID; it is now \(Self.id)"]))
  }

  @Test("A valid /etc/machine-id of the overlay stays and becomes PID 1's")
  func stays() async throws {
    #expect(try await settle(Self.own + "\n", running: nil) == Seen(settled: Self.own + "\n", unsettled: Self.own + "\n"))
    #expect(try await settle(Self.own + "\n", running: Self.id + "\n") == Seen(settled: Self.own + "\n", unsettled: Self.own + "\n", running: Self.own + "\n"))
  }
}
