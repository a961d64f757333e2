// SPDX-License-Identifier: MIT
import Foundation
import Testing

@Suite("Calling the generator")
struct InvocationTests {
  @Test("with another number of directories than three is answered with the usage, and nothing is written", arguments: [0, 1, 2, 4])
  func withWrongNumber(count: Int) throws {
    let machine = try MiniatureMachine()
    let directories = Array([machine.normal, machine.early, machine.late, machine.late].prefix(count))
    let run = try Run(Checkout.ships("preroot-generator"), directories, environment: ["PREROOT_ROOT": machine.root])
    #expect(run.status == 2)
    #expect(run.errors == "Usage: preroot-generator NORMAL-DIR EARLY-DIR LATE-DIR; see preroot-generator(8)\n")
    #expect(run.output == "")
    #expect(try machine.output.differences(from: MiniatureMachine().output) == "")
    #expect(try machine.kernelLog == "")
  }

  @Test("with a root that is not there fails, and says so")
  func withoutRoot() throws {
    let machine = try MiniatureMachine()
    let run = try Run(
      Checkout.ships("preroot-generator"), [machine.normal, machine.early, machine.late], environment: ["PREROOT_ROOT": "/nonexistent"])
    #expect(run.status == 1)
    #expect(run.errors == "preroot-generator: No such file or directory\n")
  }

  /// PID 1 gives its generators /dev/null: what is not in the kernel's log is said to nobody.
  @Test("with a directory that is not there fails, and the kernel's log says so", arguments: ["normal", "early", "late"])
  func withoutDirectory(which: String) throws {
    let machine = try MiniatureMachine()
    try FileManager.default.removeItem(atPath: which == "normal" ? machine.normal : which == "early" ? machine.early : machine.late)
    let run = try machine.generate()
    #expect(run.status == 1)
    #expect(try machine.kernelLog.contains(#/<27>preroot-generator\[PID\]: .*: No such file or directory\n/#))
    #expect(try machine.output.below("generator").isEmpty)
    #expect(try machine.output.below("generator.early").isEmpty)
  }

  @Test("with a default.target in its way that is a directory fails, and takes all of its own back")
  func withDirectoryInTheWay() throws {
    let machine = try MiniatureMachine()
    try FileManager.default.createDirectory(atPath: "\(machine.early)/default.target", withIntermediateDirectories: true)
    let run = try machine.generate(environment: ["SYSTEMD_PROC_CMDLINE": "preroot.switch=reload"])
    #expect(run.status == 1)
    #expect(try machine.kernelLog.contains("<27>preroot-generator[PID]: "))
    #expect(try machine.output.below("generator.early").nodes == ["default.target": "an empty directory"])
  }

  @Test("with a mask there already fails, takes its own back and leaves the other")
  func withMaskInTheWay() throws {
    let machine = try MiniatureMachine()
    let mask = "\(machine.early)/target.d/zzzz-preroot-stage1.conf"
    try FileManager.default.createDirectory(atPath: "\(machine.early)/target.d", withIntermediateDirectories: true)
    try "[Unit]\n".write(toFile: mask, atomically: false, encoding: .utf8)
    let run = try machine.generate()
    #expect(run.status == 1)
    #expect(try machine.kernelLog.hasSuffix(": File exists\n"))
    #expect(try machine.output.below("generator.early").nodes == ["target.d/zzzz-preroot-stage1.conf": "a file:\n[Unit]\n"])
  }

  /// As a mount: to root no mode forbids anything.
  @Test(
    "with an early directory that takes no files or not enough of them fails, leaves nothing behind, and the kernel's log says so",
    .enabled(if: geteuid() == 0, "Only root may mount a file system that is full"),
    arguments: [
      ("ro", "Read-only file system"),
      ("nr_inodes=1", "No space left on device"), ("nr_inodes=2", "No space left on device"), ("nr_inodes=3", "No space left on device"),
      ("nr_inodes=8", "No space left on device"), ("nr_inodes=20", "No space left on device"), ("nr_inodes=58", "No space left on device"),
      ("size=4k", "No space left on device"), ("size=12k", "No space left on device"),
    ])
  func withFullDirectory(options: String, why: String) throws {
    let machine = try MiniatureMachine()
    // The listing is made where the mount is seen.
    let script = """
      mount -t tmpfs -o "$1" preroot-test "$3" || exit 99
      status=0
      "$5" "$2" "$3" "$4" || status=$?
      find "$3" -mindepth 1
      exit $status
      """
    let run = try Run(
      "unshare", ["-m", "sh", "-c", script, "sh", options, machine.normal, machine.early, machine.late, Checkout.ships("preroot-generator")],
      environment: ["PREROOT_ROOT": machine.root], package: "util-linux")
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(try machine.kernelLog.hasSuffix(": \(why)\n"))
    #expect(try machine.kernelLog.contains("\n<27>preroot-generator[PID]: "))
    #expect(try machine.output.below("generator").isEmpty)
  }
}
