// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

extension WrongFile {
  /// Puts it at a path of the machine, in place of any file there.
  fileprivate func lay(at file: String, of machine: MiniatureMachine) throws {
    try machine.write(file, "")
    try machine.remove(file)
    try lay(at: "\(machine.root)/\(file)")
  }

  /// The error in the log line.
  fileprivate var words: String {
    switch self {
    case .danglingLink: "No such file or directory"
    case .loop: "Too many levels of symbolic links"
    case .directory: "Is a directory"
    case .fifo, .zeroes, .device: "Operation not supported"
    case .sparse: "File too large"
    }
  }

  /// The kinds that any user can create: only root can create devices.
  fileprivate static let ofAnybody = allCases.filter { $0 != .device }
}

@Suite("Unreadable small files", .timeLimit(.minutes(1)))
struct SmallFileTests {
  @Test("The generator treats an unreadable configuration file as absent, and logs it", arguments: WrongFile.ofAnybody, ["etc/preroot.conf", "etc/preroot.conf.d/1.conf", "etc/fstab"])
  func countsAsAbsent(wrong: WrongFile, file: String) throws {
    let machine = try MiniatureMachine()
    try wrong.lay(at: file, of: machine)
    #expect(try machine.generate().status == 0)
    let log = try machine.kernelLog
    #expect(log.hasPrefix("<28>preroot-generator[PID]: /\(file) cannot be read, ignoring: \(wrong.words)\n<30>"), "\(log)")
    #expect(try machine.output.nodes["generator.early/target.d/zzzz-preroot-stage1.conf"] != nil)
  }

  @Test("An unreadable preroot.conf does not hide one in a weaker directory", arguments: WrongFile.ofAnybody)
  func letsWeakerCount(wrong: WrongFile) throws {
    let machine = try MiniatureMachine()
    try wrong.lay(at: "etc/preroot.conf", of: machine)
    try machine.write("usr/lib/preroot.conf", "[Preroot]\nEnable=no\n")
    #expect(try machine.generate().status == 0)
    #expect(try machine.output.nodes["generator.early/target.d/zzzz-preroot-stage1.conf"] == nil)
  }

  @Test("An unreadable unit file in /etc masks no unit", arguments: WrongFile.ofAnybody)
  func masksNothing(wrong: WrongFile) throws {
    let machine = try MiniatureMachine()
    try wrong.lay(at: "etc/systemd/system/overlay-prep.service", of: machine)
    #expect(try machine.generate().status == 0)
    #expect(try machine.output.nodes["generator.early/target.d/zzzz-preroot-stage1.conf"] != nil)
  }

  @Test("The generator does not wait for a /dev/kmsg that is not a device", arguments: [WrongFile.fifo, .directory, .danglingLink])
  func isNoLog(wrong: WrongFile) throws {
    let machine = try MiniatureMachine()
    try wrong.lay(at: "dev/kmsg", of: machine)
    #expect(try machine.generate().status == 0)
    #expect(try machine.output.nodes["generator.early/target.d/zzzz-preroot-stage1.conf"] != nil)
  }

  @Test("preroot check reports an unreadable preroot.conf as a problem", arguments: WrongFile.ofAnybody)
  func isProblem(wrong: WrongFile) throws {
    let machine = try MiniatureMachine()
    try wrong.lay(at: "etc/preroot.conf", of: machine)
    let run = try Run(Checkout.ships("preroot"), ["check"], environment: ["PREROOT_ROOT": machine.root, "SYSTEMD_PROC_CMDLINE": ""])
    // The tool resolves a link within the image, which has no /dev/zero.
    let words = wrong == .zeroes ? WrongFile.danglingLink.words : wrong.words
    #expect(run.output.contains("problem: /etc/preroot.conf cannot be read, ignoring: \(words)\n"), "\(run.output)")
    #expect(run.status == 1)
  }

  @Test("The generator reads no configuration in a settled boot")
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

@Suite("$PREROOT_ROOT in a boot")
struct SeamTests {
  @Test("The generator ignores $PREROOT_ROOT in a boot")
  func hasOneMachine() throws {
    // No directory has this name, so the generator cannot write anything. The system calls show which machine it reads.
    let machine = try MiniatureMachine()
    let run = try Run(
      "strace", ["-f", "-e", "trace=file", Checkout.ships("preroot-generator"), "/run/systemd/no-generator", "/run/systemd/no-generator.early", "/run/systemd/no-generator.late"],
      environment: ["PREROOT_ROOT": machine.root], package: "strace")
    #expect(!run.errors.contains("\"\(machine.root)"), "\(run.errors)")
    #expect(run.errors.contains("openat(AT_FDCWD, \"/\""))
  }
}
