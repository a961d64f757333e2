import Foundation
import Testing

/// Never without an option: that would make this machine's root writable, and start its default target.
@Suite("Calling the helper")
struct HelperTests {
  private func help(_ arguments: [String], on machine: MiniatureMachine, commandLine: String = "") throws -> Run {
    try Run(
      Checkout.ships("overlay-prep"), arguments,
      environment: ["PREROOT_ROOT": machine.root, "SYSTEMD_PROC_CMDLINE": commandLine], package: "libsystemd0")
  }

  @Test("with --help prints the options that it has")
  func withHelp() throws {
    let run = try help(["--help"], on: MiniatureMachine())
    #expect(run.status == 0)
    #expect(run.errors == "")
    for option in ["--dry-run", "--report", "--help"] { #expect(run.output.contains("\n  \(option)") || run.output.contains("  \(option) ")) }
    for line in run.output.split(separator: "\n") { #expect(line.count <= 80) }
  }

  @Test("with anything else is answered in one line, and nothing is done", arguments: [["--bogus"], ["-h"], ["help"], ["--dry-run", "--now"], [""]])
  func withUnknownOption(arguments: [String]) throws {
    let machine = try MiniatureMachine()
    let before = try Tree(machine.root)
    let run = try help(arguments, on: machine)
    #expect(run.status == 2)
    #expect(run.output == "")
    #expect(run.errors == "overlay-prep: '\(arguments.last!)' is not an option; see overlay-prep --help\n")
    #expect(try Tree(machine.root) == before)
  }

  @Test("with --dry-run prints the plan and does nothing")
  func withDryRun() throws {
    let machine = try MiniatureMachine()
    let before = try Tree(machine.root)
    let run = try help(["--dry-run"], on: machine, commandLine: "preroot.scope=/etc preroot=tmpfs:size=1m,sise=2")
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(run.output == """
      # A writable root is asked for; overlay-prep.service makes it writable before default.target
      # Kernel command line: preroot='sise=2' is not an option of a tmpfs upper (size=64m, size=25%, nr_inodes=200k), ignoring
      make private /run
      make directory /run/initramfs
      make directory /run/initramfs/preroot
      make directory /run/initramfs/preroot/lower
      bind read-only at /run/initramfs/preroot/lower (/)
      make private /run/initramfs/preroot/lower
      make directory /run/initramfs/preroot/upper
      mount tmpfs at /run/initramfs/preroot/upper (mode=0755,size=1m,nr_inodes=1m)
      require space on /run/initramfs/preroot/upper
      require directory /run/initramfs/preroot/lower/etc
      make store directory /run/initramfs/preroot/upper/upper (/run/initramfs/preroot/lower)
      make store directory /run/initramfs/preroot/upper/work (/run/initramfs/preroot/lower)
      make store directory /run/initramfs/preroot/upper/upper/etc (/run/initramfs/preroot/lower/etc)
      make store directory /run/initramfs/preroot/upper/work/etc (/run/initramfs/preroot/lower/etc)
      mount overlay at /etc (lowerdir=/run/initramfs/preroot/lower/etc,upperdir=/run/initramfs/preroot/upper/upper/etc,\
      workdir=/run/initramfs/preroot/upper/work/etc,redirect_dir=on,metacopy=on)
      settle the machine ID of /
      make shared with all below it /run

      """)
    #expect(try Tree(machine.root) == before)
  }

  @Test("with --dry-run prints what would be done with a device, without looking for it")
  func withDryRunOfDevice() throws {
    let machine = try MiniatureMachine()
    let before = try Tree(machine.root)
    let run = try help(
      ["--dry-run"], on: machine,
      commandLine: "preroot=LABEL=none preroot.scope=/etc preroot.fstype=ext4 preroot.options=noatime preroot.dir=/a preroot.bind=/home preroot.attempts=x")
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(run.output.hasPrefix("""
      # A writable root is asked for; overlay-prep.service makes it writable before default.target
      # Kernel command line: preroot.attempts='x' is not a number from 0 to 100, ignoring

      """))
    for line in [
      "check the file system on LABEL=none (ext4)", "mount device at /run/initramfs/preroot/upper (ext4 LABEL=none noatime)",
      "require fitness for an upper of /run/initramfs/preroot/upper",
      "make store directory /run/initramfs/preroot/upper/a/upper/etc (/run/initramfs/preroot/lower/etc)",
      "seed /run/initramfs/preroot/upper/a/bind/home (/run/initramfs/preroot/lower/home)",
      "bind at /home (/run/initramfs/preroot/upper/a/bind/home)",
    ] { #expect(run.output.contains("\(line)\n")) }
    #expect(run.output.contains(",index=off,metacopy=off,redirect_dir=off,xino=off)\n"))
    #expect(try Tree(machine.root) == before)
  }

  @Test("with --dry-run says why a boot is left alone", arguments: [
    ("preroot=no", "# Switched off by preroot=no or Enable=no\n"),
    ("emergency", "# An emergency boot is left alone; boot to rescue.target for a writable root\n"),
  ])
  func withDryRunOfUntouchedBoot(commandLine: String, answer: String) throws {
    let run = try help(["--dry-run"], on: MiniatureMachine(), commandLine: commandLine)
    #expect(run.status == 0)
    #expect(run.output == answer)
  }

  @Test("with --dry-run on a settled boot says that there is nothing left to do")
  func withDryRunOfSettledBoot() throws {
    let machine = try MiniatureMachine()
    try machine.write("run/preroot/failed", "98:0\n")
    let run = try help(["--dry-run"], on: machine)
    #expect(run.status == 0)
    #expect(run.output == "# This boot is settled: there is nothing left to do\n")
  }

  @Test("with --report after a boot without a first stage fails, and says so")
  func withReportOfNothing() throws {
    let run = try help(["--report"], on: MiniatureMachine())
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors == "overlay-prep: there is no /run/preroot/events: this boot had no first stage\n")
  }
}
