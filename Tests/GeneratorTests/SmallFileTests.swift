// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// What an image, a stick or an administrator may have left where a small file belongs.
enum Trap: CaseIterable {
  case danglingLink, loop, directory, fifo, zeroes, sparse

  /// Lays it at a path of the machine.
  func lay(at file: String, of machine: MiniatureMachine) throws {
    try machine.write(file, "")
    try machine.remove(file)
    let path = "\(machine.root)/\(file)"
    switch self {
    case .danglingLink: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "nowhere")
    case .loop: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: URL(filePath: path).lastPathComponent)
    case .directory: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case .fifo: #expect(mkfifo(path, 0o644) == 0)
    case .zeroes: try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/zero")
    case .sparse:
      try machine.write(file, "")
      #expect(truncate(path, 4 << 30) == 0)
    }
  }

  var words: String {
    switch self {
    case .danglingLink: "No such file or directory"
    case .loop: "Too many levels of symbolic links"
    case .directory: "Is a directory"
    case .fifo, .zeroes: "Operation not supported"
    case .sparse: "File too large"
    }
  }
}

@Suite("What is no small file", .timeLimit(.minutes(1)))
struct SmallFileTests {
  @Test("counts as absent for the generator, which says so", arguments: Trap.allCases, ["etc/preroot.conf", "etc/preroot.conf.d/1.conf", "etc/fstab"])
  func countsAsAbsent(trap: Trap, file: String) throws {
    let machine = try MiniatureMachine()
    try trap.lay(at: file, of: machine)
    #expect(try machine.generate().status == 0)
    let log = try machine.kernelLog
    #expect(log.hasPrefix("<28>preroot-generator[PID]: /\(file) cannot be read, ignoring: \(trap.words)\n<30>"), "\(log)")
    #expect(try machine.output.nodes["generator.early/target.d/zzzz-preroot-stage1.conf"] != nil)
  }

  @Test("lets the weaker file count", arguments: Trap.allCases)
  func letsWeakerCount(trap: Trap) throws {
    let machine = try MiniatureMachine()
    try trap.lay(at: "etc/preroot.conf", of: machine)
    try machine.write("usr/lib/preroot.conf", "[Preroot]\nEnable=no\n")
    #expect(try machine.generate().status == 0)
    #expect(try machine.output.nodes["generator.early/target.d/zzzz-preroot-stage1.conf"] == nil)
  }

  @Test("masks no unit", arguments: Trap.allCases)
  func masksNothing(trap: Trap) throws {
    let machine = try MiniatureMachine()
    try trap.lay(at: "etc/systemd/system/overlay-prep.service", of: machine)
    #expect(try machine.generate().status == 0)
    #expect(try machine.output.nodes["generator.early/target.d/zzzz-preroot-stage1.conf"] != nil)
  }

  @Test("is not waited for in the place of the kernel's log", arguments: [Trap.fifo, .directory, .danglingLink])
  func isNoLog(trap: Trap) throws {
    let machine = try MiniatureMachine()
    try trap.lay(at: "dev/kmsg", of: machine)
    #expect(try machine.generate().status == 0)
    #expect(try machine.output.nodes["generator.early/target.d/zzzz-preroot-stage1.conf"] != nil)
  }

  @Test("is a problem to preroot check", arguments: Trap.allCases)
  func isProblem(trap: Trap) throws {
    let machine = try MiniatureMachine()
    try trap.lay(at: "etc/preroot.conf", of: machine)
    let run = try Run(Checkout.ships("preroot"), ["check"], environment: ["PREROOT_ROOT": machine.root, "SYSTEMD_PROC_CMDLINE": ""])
    // A link leads where it would on the image, which has no /dev/zero.
    let words = trap == .zeroes ? Trap.danglingLink.words : trap.words
    #expect(run.output.contains("problem: /etc/preroot.conf cannot be read, ignoring: \(words)\n"), "\(run.output)")
    #expect(run.status == 1)
  }

  @Test("is not even looked at in a settled boot")
  func isNotLookedAt() throws {
    let machine = try MiniatureMachine()
    try machine.write("run/preroot/ready", "")
    try machine.write("etc/preroot.conf", "[Preroot]\nEnable=maybe\n")
    let run = try Run(
      "strace", ["-f", "-e", "trace=file", Checkout.ships("preroot-generator"), machine.normal, machine.early, machine.late],
      environment: ["PREROOT_ROOT": machine.root], package: "strace")
    #expect(run.status == 0)
    #expect(run.errors.contains("run/preroot/ready"))
    for name in ["preroot.conf", "cmdline", "etc/systemd", "initrd-release"] { #expect(!run.errors.contains(name), "\(run.errors)") }
  }
}

@Suite("A boot")
struct SeamTests {
  @Test("has one machine, whatever $PREROOT_ROOT says")
  func hasOneMachine() throws {
    // There is no directory of that name, so nothing can be written; which machine was read is what the system calls tell.
    let machine = try MiniatureMachine()
    let run = try Run(
      "strace", ["-f", "-e", "trace=file", Checkout.ships("preroot-generator"), "/run/systemd/no-generator", "/run/systemd/no-generator.early", "/run/systemd/no-generator.late"],
      environment: ["PREROOT_ROOT": machine.root], package: "strace")
    #expect(!run.errors.contains("\"\(machine.root)"), "\(run.errors)")
    #expect(run.errors.contains("openat(AT_FDCWD, \"/\""))
  }
}
