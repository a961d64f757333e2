// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

@Suite("The generator's command line")
struct InvocationTests {
  @Test("preroot-generator prints its usage unless it gets three directories", arguments: [0, 1, 2, 4])
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

  /// PID 1 waits for the generators before it starts anything (systemd.generator(7)).
  @Test("preroot-generator starts no process and never waits", arguments: ["preroot", "preroot=/dev/nowhere preroot.timeout=300", "preroot=no", "settled"])
  func startsNothing(commandLine: String) throws {
    let machine = try MiniatureMachine()
    try machine.write("etc/fstab", "/dev/root / ext4 ro\n/dev/sda2 /data ext4 defaults\n")
    if commandLine == "settled" { try machine.write("proc/1/mountinfo", "1 0 0:30 / / rw - overlay preroot rw\n") }
    let run = try Run(
      "strace", ["--follow-forks", Checkout.ships("preroot-generator"), machine.normal, machine.early, machine.late],
      environment: ["PREROOT_ROOT": machine.root, "SYSTEMD_PROC_CMDLINE": commandLine], package: "strace")
    #expect(run.status == 0)
    let calls = run.errors.matches(of: #/(?m)^(?:\[pid +\d+\] )?([a-z][a-z0-9_]*)\(/#).map { String($0.output.1) }
    #expect(calls.first == "execve" && calls.count > 20, "\(calls)")
    let starting: Set = ["fork", "vfork", "clone", "clone3", "execve", "execveat"]
    let waiting: Set = [
      "nanosleep", "clock_nanosleep", "pause", "alarm", "poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2", "wait4", "waitid",
      "futex", "flock", "connect", "accept", "accept4", "recvfrom", "recvmsg", "sigsuspend", "rt_sigsuspend", "rt_sigtimedwait", "fsync", "fdatasync", "sync", "syncfs",
    ]
    #expect(calls.dropFirst().filter(starting.contains) == [])
    #expect(calls.filter(waiting.contains) == [])
    // Opening a FIFO in place of the kernel log would wait, except with O_NONBLOCK or O_PATH.
    for open in run.errors.matches(of: #/openat2?\([^\n]*kmsg[^\n]*/#) { #expect(open.output.contains(#/O_NONBLOCK|O_PATH/#), "\(open.output)") }
  }

  @Test("preroot-generator fails if $PREROOT_ROOT does not exist")
  func withoutRoot() throws {
    let machine = try MiniatureMachine()
    let run = try Run(
      Checkout.ships("preroot-generator"), [machine.normal, machine.early, machine.late], environment: ["PREROOT_ROOT": "/nonexistent"])
    #expect(run.status == 1)
    #expect(run.errors == "preroot-generator: No such file or directory\n")
  }

  /// PID 1 connects its generators to /dev/null, so only the kernel log can show an error.
  @Test("preroot-generator fails if a directory is missing, and the kernel log names the error", arguments: ["normal", "early", "late"])
  func withoutDirectory(which: String) throws {
    let machine = try MiniatureMachine()
    try FileManager.default.removeItem(atPath: which == "normal" ? machine.normal : which == "early" ? machine.early : machine.late)
    let run = try machine.generate()
    #expect(run.status == 1)
    #expect(try machine.kernelLog.contains(#/<27>preroot-generator\[PID\]: .*: No such file or directory\n/#))
    #expect(try machine.output.below("generator").isEmpty)
    #expect(try machine.output.below("generator.early").isEmpty)
  }

  @Test("preroot-generator removes its files if default.target is a directory")
  func withDirectoryInTheWay() throws {
    let machine = try MiniatureMachine()
    try FileManager.default.createDirectory(atPath: "\(machine.early)/default.target", withIntermediateDirectories: true)
    let run = try machine.generate(environment: ["SYSTEMD_PROC_CMDLINE": "preroot.switch=reload"])
    #expect(run.status == 1)
    #expect(try machine.kernelLog.contains("<27>preroot-generator[PID]: "))
    #expect(try machine.output.below("generator.early").nodes == ["default.target": "an empty directory"])
  }

  @Test("preroot-generator removes its files if one of them exists already")
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

  /// The test mounts a file system, as no file mode stops root.
  @Test(
    "preroot-generator removes its files if the early directory is full or read-only",
    .enabled(if: geteuid() == 0, "Only root may mount a file system that is full"),
    arguments: [
      ("ro", "Read-only file system"),
      ("nr_inodes=1", "No space left on device"), ("nr_inodes=2", "No space left on device"), ("nr_inodes=3", "No space left on device"),
      ("nr_inodes=8", "No space left on device"), ("nr_inodes=20", "No space left on device"), ("nr_inodes=58", "No space left on device"),
      ("size=4k", "No space left on device"), ("size=12k", "No space left on device"),
    ])
  func withFullDirectory(options: String, why: String) throws {
    let machine = try MiniatureMachine()
    // The script lists the directory, as the mount is invisible outside its namespace.
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
