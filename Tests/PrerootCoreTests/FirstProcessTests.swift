// SPDX-License-Identifier: MIT
import Testing

@testable import PrerootCore

@Suite("overlay-prep as the first process")
struct FirstProcessTests {
  @Test("is PID 1, whatever systemd's arguments are", arguments: [
    [], ["single"], ["preroot"], ["--report"], ["--help", "quiet"], ["emergency", "--reached"], ["--switched-root"], [""],
  ])
  func isFirstProcess(arguments: [String]) {
    #expect(Invocation(arguments.map { Text(utf8: $0) }, isFirstProcess: true) == .firstProcess)
  }

  @Test("is read in a container as any program")
  func hasHelp() {
    #expect(Invocation(["--help"], isFirstProcess: true) == .help)
  }

  @Test("is no other process", arguments: [
    ([], .prepare), (["--report"], .report), (["--reached"], .reached), (["--fstab"], .fstab), (["--help"], .help), ([""], .unknown("")),
    (["single"], .unknown("single")), (["--report", "--now"], .unknown("--now")),
  ] as [([String], Invocation)])
  func isOther(arguments: [String], invocation: Invocation) {
    #expect(Invocation(arguments.map { Text(utf8: $0) }, isFirstProcess: false) == invocation)
  }

  @Test("ends with a status that says how PID 1 goes on")
  func hasSuccession() {
    #expect(Succession(to: "default.target") == .systemd)
    #expect(Succession(to: "emergency.target").argument.string == "--unit=emergency.target")
    #expect(Succession(to: "reboot.target").argument.string == "--unit=reboot.target")
    for succession in Succession.allCases { #expect(Succession(rawValue: succession.rawValue) == succession) }
    // What an untold death has, and what programs do not come to be: those of a crash, of an abort, of the loader.
    for status in [1, 2, 126, 127, 134, 255] { #expect(Succession(rawValue: status) == nil) }
  }

  @Test("executes systemd before anything else, and never itself again")
  func hasPrograms() {
    #expect(Succession.programs(besides: "/usr/lib/preroot/overlay-prep").map(\.string) == [
      "/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/sbin/init", "/etc/init", "/bin/init", "/bin/sh",
    ])
    #expect(!Succession.programs(besides: "/sbin/init").contains("/sbin/init"))
    #expect(Succession.programs(besides: "/sbin/init").first == "/usr/lib/systemd/systemd")
  }

  // MARK: What it mounts

  private func base(_ mountInfo: String) -> String { BasePlan(over: MountInfo(parsing: Text(utf8: mountInfo))).steps.text.string }

  @Test("mounts /proc first, without which it does not know what else is there")
  func mountsProc() {
    #expect(base("") == "mount device at /proc (proc proc nosuid,nodev,noexec)\n")
  }

  @Test("mounts what the kernel has not, as systemd does")
  func mountsBase() {
    #expect(base("20 1 254:0 / / ro - squashfs /dev/root ro\n21 20 0:21 / /proc rw - proc proc rw\n") == """
      mount device at /sys (sysfs sysfs nosuid,nodev,noexec)
      mount device at /dev (devtmpfs devtmpfs nosuid,strictatime,mode=0755,size=4m,nr_inodes=1m)
      mount device at /run (tmpfs tmpfs nosuid,nodev,strictatime,mode=0755,size=20%,nr_inodes=800k)
      make directory /run/systemd

      """)
  }

  @Test("leaves alone what is mounted already, by the kernel, an initrd or a container's manager")
  func leavesMounts() {
    #expect(base("""
      20 1 254:0 / / ro - squashfs /dev/root ro
      21 20 0:21 / /proc rw - proc proc rw
      22 20 0:22 / /sys rw - sysfs sysfs rw
      23 20 0:5 / /dev rw - devtmpfs devtmpfs rw
      24 20 0:23 / /run rw - tmpfs tmpfs rw

      """) == "make directory /run/systemd\n")
  }

  @Test("leaves the machine ID to systemd, which has none yet")
  func leavesMachineID() {
    let table = MountInfo(parsing: "20 1 254:0 / / ro - squashfs /dev/root ro\n24 20 0:23 / /run rw - tmpfs tmpfs rw\n")
    var settings = Settings()
    for scope in [Scope.root, .directories(["/etc"])] {
      settings.scope = scope
      #expect(!OverlayPlan(settings, over: table, machineID: nil).text.string.contains("machine"))
      #expect(OverlayPlan(settings, over: table, machineID: RunningID("0123")).text.string.contains("machine"))
    }
  }

  @Test("that failed is shown by overlay-prep.service in the second stage, in no other boot")
  func isShown() {
    var facts = BootFacts()
    let wish = "generator/sysinit.target.wants/overlay-prep.service -> /usr/lib/systemd/system/overlay-prep.service\n"
    #expect(!UnitTree(for: .settled, on: facts).text.string.contains(wish))
    facts.hasFailedAsFirstProcess = true
    #expect(UnitTree(for: .settled, on: facts).text.string.contains(wish))
    #expect(!UnitTree(for: .staged(target: "default.target", .asked), on: facts).text.string.contains(wish))
  }
}
