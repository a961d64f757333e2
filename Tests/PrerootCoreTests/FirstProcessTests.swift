// SPDX-License-Identifier: MIT
import Testing

@testable import PrerootCore

@Suite("overlay-prep as the first process")
struct FirstProcessTests {
  @Test("overlay-prep runs as the first process if it is PID 1, whatever its arguments are", arguments: [
    [], ["single"], ["preroot"], ["--settle"], ["--help", "quiet"], ["emergency", "--settle"], ["--switched-root"], [""],
  ])
  func isFirstProcess(arguments: [String]) {
    #expect(Invocation(arguments.map { Text(utf8: $0) }, isFirstProcess: true) == .firstProcess)
  }

  @Test("overlay-prep --help prints the options even as PID 1 of a container")
  func hasHelp() {
    #expect(Invocation(["--help"], isFirstProcess: true) == .help)
  }

  @Test("overlay-prep parses its arguments unless it is PID 1", arguments: [
    ([], .prepare), (["--settle"], .settle), (["--fstab"], .fstab), (["--help"], .help), ([""], .unknown("")),
    (["single"], .unknown("single")), (["--settle", "--now"], .unknown("--now")),
  ] as [([String], Invocation)])
  func isOther(arguments: [String], invocation: Invocation) {
    #expect(Invocation(arguments.map { Text(utf8: $0) }, isFirstProcess: false) == invocation)
  }

  @Test("The exit status of the first process's child says how PID 1 continues")
  func hasSuccession() {
    #expect(Succession(to: "default.target") == .systemd)
    #expect(Succession(to: "emergency.target").argument.string == "--unit=emergency.target")
    #expect(Succession(to: "reboot.target").argument.string == "--unit=reboot.target")
    for succession in Succession.allCases { #expect(Succession(rawValue: succession.rawValue) == succession) }
    // These are the statuses of a crash, an abort, and programs that cannot start.
    for status in [1, 2, 126, 127, 134, 255] { #expect(Succession(rawValue: status) == nil) }
  }

  @Test("PID 1 executes systemd before any other init, and never overlay-prep again")
  func hasPrograms() {
    #expect(Succession.programs(besides: "/usr/lib/preroot/overlay-prep").map(\.string) == [
      "/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/sbin/init", "/etc/init", "/bin/init", "/bin/sh",
    ])
    #expect(!Succession.programs(besides: "/sbin/init").contains("/sbin/init"))
    #expect(Succession.programs(besides: "/sbin/init").first == "/usr/lib/systemd/systemd")
  }

  // MARK: Mounts

  private func base(_ mountInfo: String) -> String { BasePlan(over: MountInfo(parsing: Text(utf8: mountInfo))).steps.text.string }

  @Test("The first process mounts /proc first, as it shows the other mounts")
  func mountsProc() {
    #expect(base("") == "mount device at /proc (proc proc nosuid,nodev,noexec)\n")
  }

  @Test("The first process mounts the file systems that the kernel has not, as systemd does")
  func mountsBase() {
    #expect(base("20 1 254:0 / / ro - squashfs /dev/root ro\n21 20 0:21 / /proc rw - proc proc rw\n") == """
      mount device at /sys (sysfs sysfs nosuid,nodev,noexec)
      mount device at /dev (devtmpfs devtmpfs nosuid,strictatime,mode=0755,size=4m,nr_inodes=1m)
      mount device at /run (tmpfs tmpfs nosuid,nodev,strictatime,mode=0755,size=20%,nr_inodes=800k)
      make directory /run/systemd

      """)
  }

  @Test("The first process leaves existing mounts alone")
  func leavesMounts() {
    #expect(base("""
      20 1 254:0 / / ro - squashfs /dev/root ro
      21 20 0:21 / /proc rw - proc proc rw
      22 20 0:22 / /sys rw - sysfs sysfs rw
      23 20 0:5 / /dev rw - devtmpfs devtmpfs rw
      24 20 0:23 / /run rw - tmpfs tmpfs rw

      """) == "make directory /run/systemd\n")
  }

  @Test("The first process leaves the machine ID to systemd")
  func leavesMachineID() {
    let table = MountInfo(parsing: "20 1 254:0 / / ro - squashfs /dev/root ro\n24 20 0:23 / /run rw - tmpfs tmpfs rw\n")
    var settings = Settings()
    for scope in [Scope.root, .directories(["/etc"])] {
      settings.scope = scope
      #expect(!OverlayPlan(settings, over: table, machineID: nil).text.string.contains("machine"))
      #expect(OverlayPlan(settings, over: table, machineID: RunningID("0123")).text.string.contains("machine"))
    }
  }

  @Test("A failed first process makes stage 2 start overlay-prep.service, which shows the failure")
  func isShown() {
    var facts = BootFacts()
    let wish = "generator/sysinit.target.wants/overlay-prep.service -> /usr/lib/systemd/system/overlay-prep.service\n"
    #expect(!UnitTree(for: .settled, on: facts).text.string.contains(wish))
    facts.hasFailedAsFirstProcess = true
    #expect(UnitTree(for: .settled, on: facts).text.string.contains(wish))
    #expect(!UnitTree(for: .staged(target: "default.target", .asked), on: facts).text.string.contains(wish))
  }
}
