// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootCore
import Support
import Testing

@testable import preroot

/// BootTests test the tool on a running machine.
@Suite("The tool's command line")
struct ToolTests {
  private func preroot(_ arguments: String..., on machine: MiniatureMachine? = nil, commandLine: String? = nil) throws -> Run {
    var environment: [String: String] = [:]
    if let machine { environment["PREROOT_ROOT"] = machine.root }
    if let commandLine { environment["SYSTEMD_PROC_CMDLINE"] = commandLine }
    return try Run(Checkout.ships("preroot"), arguments, environment: environment)
  }

  @Test("preroot --help lists every verb and option, with or without a verb")
  func withHelp() throws {
    for arguments in [["--help"], ["status", "--help"], ["--help", "chroot"]] {
      let run = try Run(Checkout.ships("preroot"), arguments)
      #expect(run.status == 0)
      #expect(run.errors == "")
      for word in commandWords { #expect(run.output.contains("\n  \(word) ") || run.output.contains("\n  \(word)\n"), "\(word)") }
      for line in run.output.split(separator: "\n") { #expect(line.count <= 80) }
    }
  }

  @Test("preroot --version prints the version of NEWS.md")
  func withVersion() throws {
    let news = try Checkout.text("NEWS.md")
    let version = try #require(news.firstMatch(of: #/\n## ([0-9.]+)/#)).output.1
    #expect(try preroot("--version").output == "preroot \(version)\n")
  }

  @Test("preroot rejects an invalid command line with one line, and does nothing", arguments: [
    ([], "A verb is missing (status, check, plan, diff, commit, reset, chroot)"),
    (["state"], "'state' is not a verb"),
    (["--", "--json"], "'--json' is not a verb"),
    ([""], "'' is not a verb"),
    (["status", "now"], "'now' is an argument too many for 'status'"),
    (["-h"], "'-h' is not an option"),
    (["status", "--jso"], "'--jso' is not an option"),
    (["--json=1", "status"], "'--json' takes no value"),
    (["--json", "plan"], "'--json' is not an option of 'plan'"),
    (["diff", "--root", "/"], "'--root' is not an option of 'diff'"),
    (["plan", "--root"], "'--root' needs a path"),
    (["plan", "--root="], "'--root' needs a path"),
    (["reset", "--keep", "/etc", "--cancel"], "'--keep' and '--cancel' contradict each other"),
    (["reset", "--keep", "etc"], "'etc' is not an absolute path below / without '..', nor one that can be written down"),
    (["reset", "--keep=/"], "'/' is not an absolute path below / without '..', nor one that can be written down"),
    (["reset", "--keep=/a\n/b"], "'/a\\x0a/b' is not an absolute path below / without '..', nor one that can be written down"),
    (["commit", "--cancel", "/etc"], "'/etc' is an argument too many: '--cancel' takes back the whole commit"),
    (["commit", "--cancel", "--dry-run"], "'--dry-run' and '--cancel' contradict each other"),
    (["reset", "--dry-run"], "'--dry-run' is not an option of 'reset'"),
    (["commit", "/a/../b"], "'/a/../b' has '..' in it"),
    (["diff", "/a/../b"], "'/a/../b' has '..' in it"),
  ] as [([String], String)])
  func withMistake(arguments: [String], answer: String) throws {
    let run = try Run(Checkout.ships("preroot"), arguments)
    #expect(run.status == 4)
    #expect(run.output == "")
    #expect(run.errors == "preroot: \(answer); see preroot --help\n")
  }

  @Test("preroot --root fails if the directory does not exist")
  func withoutRoot() throws {
    let run = try preroot("plan", "--root", "/nonexistent")
    #expect(run.status == 3)
    #expect(run.errors == "preroot: /nonexistent: No such file or directory\n")
  }

  @Test("preroot takes options before and after the verb, in either form", arguments: [
    ["--root", "DIR", "plan"], ["plan", "--root", "DIR"], ["plan", "--root=DIR"], ["--root=/nonexistent", "plan", "--root=DIR"], ["--root=DIR", "--", "plan"],
  ])
  func withOptionAnywhere(arguments: [String]) throws {
    let machine = try MiniatureMachine()
    let run = try Run(Checkout.ships("preroot"), arguments.map { $0.replacing("DIR", with: machine.root) })
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("# "))
  }

  /// /dev/full behaves like a full disk.
  @Test("preroot fails if it cannot write its output", arguments: ["--help", "--version", "status", "status --json", "check", "plan"])
  func withFullDisk(arguments: String) throws {
    let machine = try MiniatureMachine()
    let run = try Run("sh", ["-c", "\(try Checkout.ships("preroot")) \(arguments) > /dev/full"], environment: ["PREROOT_ROOT": machine.root])
    #expect(run.status == 3)
    #expect(run.errors == "preroot: Cannot write to standard output: No space left on device\n")
  }

  @Test("preroot diff, reset and chroot fail without an overlay, and change nothing", .enabled(if: geteuid() == 0, "Only root gets so far"), arguments: [
    ("diff", 3, "preroot has mounted no overlay; 'preroot status' says why"),
    ("reset", 3, "preroot has mounted no overlay; 'preroot status' says why. 'preroot.reset' on the kernel command line resets an upper too"),
    ("chroot", 125, "preroot has mounted no overlay, so there is no image below one; 'preroot status' says why"),
  ])
  func withoutOverlay(verb: String, status: Int32, answer: String) throws {
    let machine = try MiniatureMachine()
    let before = try Tree(machine.root)
    let run = try preroot(verb, on: machine)
    #expect(run.status == status)
    #expect(run.output == "")
    #expect(run.errors == "preroot: \(answer)\n")
    #expect(try Tree(machine.root) == before)
  }
}

/// The tool's verbs and options.
private let commandWords = Verb.words.words.strings + Option.words.words.strings

@Suite("preroot status")
struct ToolStatusTests {
  private func status(_ arguments: String..., on machine: MiniatureMachine, commandLine: String = "") throws -> Run {
    try Run(
      Checkout.ships("preroot"), ["status"] + arguments, environment: ["PREROOT_ROOT": machine.root, "SYSTEMD_PROC_CMDLINE": commandLine])
  }

  private static let overlay = """
    1 0 0:30 / / rw shared:1 - overlay preroot rw,lowerdir=/run/initramfs/preroot/lower,upperdir=/run/initramfs/preroot/upper/upper,workdir=/w
    2 1 98:0 / /run/initramfs/preroot/lower ro - squashfs /dev/root ro
    3 1 98:16 / /run/initramfs/preroot/upper rw - ext4 /dev/ubdb rw

    """

  @Test("preroot status exits with 0 if the boot is as requested")
  func asAsked() throws {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", Self.overlay)
    try machine.write("run/preroot/state.json", #"{\#n  "asked": "/dev/ubdb",\#n  "upper": "/dev/ubdb",\#n  "why": "",\#n  "target": "default.target"\#n}\#n"#)
    let run = try status(on: machine)
    #expect(run.status == 0)
    #expect(run.errors == "")
    // The fill level is that of the build machine.
    #expect(run.output.replacing(#/filled:.*\n/#, with: "") == """
      / is writable, as requested
      asked: /dev/ubdb
      upper: /dev/ubdb, kept at power-off
      lower: squashfs /dev/root at /run/initramfs/preroot/lower
      target: default.target

      """)
  }

  @Test("preroot status names the loop device of an upper behind the image, and no other")
  func behindImage() throws {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", Self.overlay.replacing("98:16", with: "7:0").replacing("/dev/ubdb", with: "/dev/loop0"))
    try machine.write("sys/class/block/loop0/loop/backing_file", "/ubda\n")
    for (upper, line) in [("tail", "tail (/dev/loop0 on /dev/ubda), kept at power-off"), ("/dev/loop0", "/dev/loop0, kept at power-off")] {
      try machine.write("run/preroot/state.json", "{\n  \"upper\": \"\(upper)\",\n  \"why\": \"\"\n}\n")
      let run = try status(on: machine)
      #expect(run.output.contains("\nupper: \(line)\n"), "\(run.output)")
    }
  }

  @Test("preroot status aligns columns on a terminal, and honors TERM and NO_COLOR", arguments: [
    ("TERM=xterm", "\u{1b}[32m/ is writable, as requested\u{1b}[0m\nlower:      squashfs"),
    ("TERM=xterm NO_COLOR=1", "/ is writable, as requested\nlower:      squashfs"),
    ("TERM=dumb", "/ is writable, as requested\nlower:      squashfs"),
  ])
  func onTerminal(environment: String, answer: String) throws {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", Self.overlay)
    try machine.write("run/preroot/state.json", "{\n  \"upper\": \"x\",\n  \"why\": \"\"\n}\n")
    let command = "PREROOT_ROOT=\(machine.root) \(environment) \(try Checkout.ships("preroot")) status"
    let run = try Run("script", ["-qec", command, "/dev/null"], package: "bsdutils")
    #expect(run.output.replacing("\r\n", with: "\n").replacing(#/asked:.*\nupper:.*\nfilled:.*\n/#, with: "").hasPrefix(answer), "\(run.output)")
  }

  @Test("preroot status reports a pending reset and the remarks on settings")
  func withRemarks() throws {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", Self.overlay)
    try machine.write("run/preroot/state.json", "{\n  \"why\": \"\"\n}\n")
    try machine.write("run/initramfs/preroot/upper/reset", "")
    let id = "93bcf9ff066a4f478a082bd14c850b24"
    try machine.write("run/preroot/events", "MESSAGE=a typo\nPRIORITY=3\nMESSAGE_ID=\(id)\n\nMESSAGE=a step\nPRIORITY=3\nMESSAGE_ID=0\n\nMESSAGE=fine\nPRIORITY=5\nMESSAGE_ID=\(id)\n\n")
    let run = try status(on: machine)
    #expect(run.status == 0)
    #expect(run.output.contains("\nreset: the next boot starts with an empty upper;"))
    #expect(run.output.split(separator: "\n").filter { $0.hasPrefix("remark: ") } == ["remark: a typo"])
  }

  @Test("preroot status exits with 1 if the upper is not the requested one, and says why")
  func fallback() throws {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", Self.overlay)
    try machine.write("run/preroot/state.json", #"{\#n  "asked": "LABEL=a\"b\\",\#n  "upper": "tmpfs:size=25%",\#n  "why": "it is \u0009 not there"\#n}\#n"#)
    let run = try status(on: machine)
    #expect(run.status == 1)
    #expect(run.output.hasPrefix("/ is writable, but not as requested: changes are lost at power-off\nwhy: it is \\x09 not there\nasked: LABEL=a\"b\\\n"))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(try status("--json", on: machine).output.utf8)) as? [String: Any])
    #expect(object["status"] as? String == "fallback")
    #expect(object["asked"] as? String == "LABEL=a\"b\\")
    #expect(object["why"] as? String == "it is \t not there")
    #expect(object["remarks"] as? [String] == [])
  }

  @Test("preroot status exits with 1 if the boot failed", arguments: [
    ("run/preroot/failed", "98:0\n", "'journalctl -b -u overlay-prep.service' says why"),
    ("run/preroot/ready", "", "overlay-prep.service did not finish; 'journalctl -b -g overlay-prep' has more"),
  ])
  func failed(file: String, contents: String, why: String) throws {
    let machine = try MiniatureMachine()
    try machine.write(file, contents)
    let run = try status(on: machine, commandLine: "preroot")
    #expect(run.status == 1)
    #expect(run.output.hasPrefix("/ was not made writable\nwhy: \(why)\n"))
  }

  /// preroot-fallback.service has created /run/preroot/ready after the helper was killed.
  @Test("preroot status exits with 1 if the helper died halfway", arguments: [
    // The helper died between the overlay and the pivot.
    ("preroot", """
      1 0 98:0 / / ro - squashfs /dev/root ro
      2 1 0:30 / /run rw - tmpfs tmpfs rw
      3 2 98:0 / /run/initramfs/preroot/lower ro - squashfs /dev/root ro
      4 2 0:31 / /run/initramfs/preroot/root rw - overlay preroot rw,lowerdir=/l,upperdir=/u/upper

      """),
    // The helper died between two directories.
    ("preroot preroot.scope=/etc:/var", """
      1 0 98:0 / / ro - squashfs /dev/root ro
      3 1 98:0 / /run/initramfs/preroot/lower ro - squashfs /dev/root ro
      4 1 0:31 / /etc rw - overlay preroot rw,lowerdir=/l,upperdir=/u/upper/etc

      """),
  ])
  func died(commandLine: String, mounts: String) throws {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", mounts)
    try machine.write("run/preroot/ready", "")
    let run = try status(on: machine, commandLine: commandLine)
    #expect(run.status == 1)
    #expect(run.output.contains(" was not made writable\nwhy: overlay-prep.service did not finish; 'journalctl -b -g overlay-prep' has more\n"), "\(run.output)")
    #expect(try status("--json", on: machine, commandLine: commandLine).output.contains("\"status\": \"read-only\""))
  }

  @Test("preroot status exits with 1 and names each part of the request that is lost")
  func partly() throws {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", Self.overlay)
    try machine.write("run/preroot/state.json", #"{\#n  "why": "",\#n  "lost": ["Bind=/srv is a \"link\"", "Bind=/opt [x], too"]\#n}\#n"#)
    let run = try status(on: machine)
    #expect(run.status == 1)
    #expect(run.output.hasPrefix("/ is writable, but part of what was requested is missing\nlost: Bind=/srv is a \"link\"\nlost: Bind=/opt [x], too\n"), "\(run.output)")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(try status("--json", on: machine).output.utf8)) as? [String: Any])
    #expect(object["status"] as? String == "partly")
    #expect(object["lost"] as? [String] == ["Bind=/srv is a \"link\"", "Bind=/opt [x], too"])
  }

  @Test("preroot status --json uses JSON booleans and omits values that a user cannot see")
  func booleans() throws {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", Self.overlay)
    try machine.write("run/preroot/state.json", "{\n  \"why\": \"\"\n}\n")
    let hidden = try status("--json", on: machine).output
    #expect(hidden.contains("\"persistent\": true,\n") && !hidden.contains("\"reset\""), "\(hidden)")
    try machine.write("run/initramfs/preroot/upper/upper/x", "")
    #expect(try status("--json", on: machine).output.contains("\"reset\": false,\n"))
    try machine.write("run/initramfs/preroot/upper/reset", "")
    #expect(try status("--json", on: machine).output.contains("\"reset\": true,\n"))
  }

  /// The name of a device or file can have any bytes.
  @Test("preroot status escapes hostile names for terminals and JSON")
  func withHostileNames() throws {
    let machine = try MiniatureMachine()
    let name = Data([0x61, 0x1b, 0x5b, 0x32, 0x4a, 0x9b, 0xc2, 0x9b, 0xff, 0xc3, 0xa4, 0x7f])
    var mounts = Data(Self.overlay.replacing("/dev/root", with: "\u{1}").utf8)
    let place = try #require(mounts.firstIndex(of: 1))
    mounts.replaceSubrange(place...place, with: name)
    try machine.write("proc/1/mountinfo", "")
    try mounts.write(to: URL(filePath: "\(machine.root)/proc/1/mountinfo"))
    try machine.write("run/preroot/state.json", "{\n  \"upper\": \"x\",\n  \"why\": \"\"\n}\n")
    let run = try status(on: machine)
    #expect(run.output.contains(#"lower: squashfs a\x1b[2J\x9b\xc2\x9b\xffä\x7f at "#), "\(run.output)")
    let json = try status("--json", on: machine).output
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect((object["lower"] as? String)?.hasPrefix("squashfs a\u{1b}[2J\u{fffd}") == true)
    // Run has replaced invalid UTF-8 by U+FFFD, so this only checks for control characters.
    #expect(!json.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
  }

  @Test("preroot status says why a boot was left alone, and exits with 1 if against a request", arguments: [
    ("", 2, "preroot had nothing to do in this boot\nwhy: The root (ext4 on /dev/root) is writable; preroot=tmpfs mounts an overlay over it anyway\n"),
    ("preroot=no", 2, "preroot had nothing to do in this boot\nwhy: Disabled by preroot=no or Enable=no\n"),
    ("preroot systemd.mask=overlay-prep", 1, "/ was not made writable\nwhy: overlay-prep.service is masked; unmask it to make the root writable\n"),
    ("preroot=LABEL=", 1, "/ was not made writable\nwhy: Kernel command line: preroot='LABEL=' does not say whether to make the root writable; it is writable already and is left alone\n"),
    ("preroot", 1, "/ was not made writable\nwhy: preroot-generator did not act in this boot, or the settings are newer than the boot; 'preroot check' looks at the next one\n"),
    ("preroot=of", 1, "/ was not made writable\nwhy: Kernel command line: preroot='of' does not say whether to make the root writable; it is writable already and is left alone\nasked: tmpfs:size=25%,nr_inodes=1m\nremark: Kernel command line: preroot='of' is not understood"),
  ] as [(String, Int32, String)])
  func leftAlone(commandLine: String, status expected: Int32, answer: String) throws {
    let machine = try MiniatureMachine()
    try machine.lay(MiniatureMachine.cases.appending(path: "03-ext4-root/root").path, over: machine.root)
    let run = try status(on: machine, commandLine: commandLine)
    #expect(run.status == expected)
    #expect(run.output.hasPrefix(answer), "\(run.output)")
  }
}

/// These tests run on a small overlay in their own namespaces, where PID 1 sees it too.
@Suite("preroot diff", .enabled(if: geteuid() == 0, "Only root can mount an overlay"))
struct ToolDiffTests {
  /// - Parameter change: a script for `sh` that changes the overlay from its top.
  private func diff(_ arguments: String = "", after change: String) throws -> Run {
    let script = """
      set -e; layers=/run/initramfs/preroot
      mount -t tmpfs none /run
      mkdir -p $layers/lower/run/top $layers/upper/upper/run/top $layers/upper/work /run/top
      (cd $layers/lower/run/top; mkdir directory other; touch directory/file; ln -s directory link; ln -s nowhere dangling)
      mount -t overlay preroot -o lowerdir=$layers/lower/run/top,upperdir=$layers/upper/upper/run/top,workdir=$layers/upper/work /run/top
      cd /run/top; preroot=\(try Checkout.ships("preroot"))
      { \(change); } > /dev/null
      $preroot diff \(arguments)
      """
    return try Run("unshare", ["--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", script], package: "util-linux")
  }

  @Test("preroot diff lists paths that are longer than PATH_MAX")
  func longPath() throws {
    let name = String(repeating: "n", count: 250)
    let run = try diff(after: "perl -e 'for (1..20) { mkdir q(\(name)); chdir q(\(name)) } open F, q(>), q(end)'; touch alone")
    #expect(run.status == 0)
    #expect(run.errors == "")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 22)
    #expect(lines.last ?? "" == "A /run/top" + String(repeating: "/\(name)", count: 20) + "/end")
    #expect(lines.first == "A /run/top/alone")
  }

  /// That exceeds the limit of open files.
  @Test("preroot diff descends three thousand levels")
  func deep() throws {
    let run = try diff(after: "perl -e 'for (1..3000) { mkdir q(d); chdir q(d) }'")
    #expect(run.status == 0)
    #expect(run.output.split(separator: "\n").count == 3000)
  }

  @Test("preroot diff fails for a path that exists in no layer or is not on an overlay", arguments: [
    ("/run/top/nowhere", "/run/top/nowhere is neither in the image nor on the overlay"),
    ("/run/top/directory/file/x", "/run/top/directory/file/x is neither in the image nor on the overlay"),
    ("/etc", "/etc is not on an overlay of preroot"),
  ])
  func nowhere(path: String, answer: String) throws {
    let run = try diff(path, after: "touch new")
    #expect(run.status == 3)
    #expect(run.output == "")
    #expect(run.errors == "preroot: \(answer)\n")
  }

  @Test("preroot diff follows links above a path and reports deletions below it", arguments: [
    ("/run/top/link/file", "M /run/top/directory/file\n"), ("/run/top/dangling", ""), ("/run/top/other", "D /run/top/other\n"),
    ("/run", "M /run/top/directory/file\nD /run/top/other\n"),
  ])
  func link(path: String, answer: String) throws {
    let run = try diff(path, after: "echo x > directory/file; rmdir other")
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(run.output == answer)
  }

  @Test("preroot diff reports a path below a deleted directory as deleted")
  func belowDeleted() throws {
    #expect(try diff("/run/top/directory/file", after: "rm -r directory").output == "D /run/top/directory/file\n")
  }

  @Test("preroot diff rejects a relative path if the working directory's path is too long")
  func longWorkingDirectory() throws {
    let name = String(repeating: "n", count: 250)
    let run = try diff(".", after: "for i in $(seq 20); do mkdir \(name); cd -P \(name); done")
    #expect(run.status == 4)
    #expect(run.errors == "preroot: '.' is relative, and the working directory has no path; see preroot --help\n")
  }

  @Test("preroot diff fails if it cannot write its output")
  func fullDisk() throws {
    let run = try diff("> /dev/full", after: "touch new")
    #expect(run.status == 3)
    #expect(run.errors == "preroot: Cannot write to standard output: No space left on device\n")
  }
}

/// The image is a tmpfs in namespaces of its own.
@Suite("preroot chroot", .enabled(if: geteuid() == 0, "Only root can mount"))
struct ToolChrootTests {
  /// This holds from the first moment on: the signal arrives as soon as the image is writable.
  @Test("preroot chroot makes the image read-only again even if a signal arrives", arguments: ["SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM", "SIGPIPE"])
  func ignoresEndings(signal: String) throws {
    let directory = try Temporary()
    try """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <signal.h>
      #include <sys/mount.h>
      int mount(const char *s, const char *t, const char *type, unsigned long flags, const void *data) {
        int (*real)(const char *, const char *, const char *, unsigned long, const void *) = dlsym(RTLD_NEXT, "mount");
        int result = real(s, t, type, flags, data);
        raise(\(signal));
        return result;
      }
      """.write(toFile: directory.path("raise.c"), atomically: true, encoding: .utf8)
    _ = try Run.tool("gcc", "-shared", "-fPIC", "-o", directory.path("raise.so"), directory.path("raise.c"), "-ldl")
    let run = try chroot("LD_PRELOAD=\(directory.path("raise.so"))", "nowhere")
    #expect(run.status == 127, "\(run.errors)")
    #expect(run.errors.hasSuffix("reboot afterwards.\npreroot: Cannot run the command: No such file or directory\n"), "\(run.errors)")
    #expect(run.output == "ro,nosuid,nodev ro\n")
  }

  @Test("preroot chroot prints no control characters of a command that is missing")
  func withHostileCommand() throws {
    #expect(try chroot("", "$(printf 'x\\033[2J')").errors.hasSuffix("\npreroot: Cannot run the command: No such file or directory\n"))
  }

  @Test("preroot chroot mounts the image without nosuid and nodev")
  func clearsFlags() throws {
    let run = try chroot("", "cp /proc/self/mountinfo /mounts", command: "/bin/sh -c")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.hasPrefix("ro,nosuid,nodev ro\n"), "\(run.output)")
    let mount = try #require(run.output.split(separator: "\n").last { $0.contains(" - tmpfs lower ") })
    #expect(!mount.contains("nosuid") && !mount.contains("nodev"), "\(mount)")
  }

  /// - Returns: the run, whose output has the flags of the lower's mount and of its file system afterwards, and the command's /mounts.
  private func chroot(_ environment: String, _ argument: String, command: String = "") throws -> Run {
    let script = """
      layers=/run/initramfs/preroot
      mount -t tmpfs none /run
      mkdir -p $layers/lower $layers/upper/upper/run/top $layers/upper/work /run/top
      mount -t tmpfs lower $layers/lower
      mkdir -p $layers/lower/proc $layers/lower/sys $layers/lower/dev $layers/lower/run $layers/lower/bin $layers/lower/run/top
      if [ -n "\(command)" ]; then for tool in sh cp; do
        cp "$(command -v $tool)" $layers/lower/bin/
        for library in $(ldd "$(command -v $tool)" | grep -o '/[^ ]*'); do cp --parents -L "$library" $layers/lower/; done
      done; fi
      mount -o remount,ro,nosuid,nodev $layers/lower
      mount -t overlay preroot -o lowerdir=$layers/lower/run/top,upperdir=$layers/upper/upper/run/top,workdir=$layers/upper/work /run/top
      \(environment) \(try Checkout.ships("preroot")) chroot \(command) \(command.isEmpty ? argument : "'\(argument)'")
      status=$?
      sed -n 's|.* /run/initramfs/preroot/lower \\([^ ]*\\) .*- tmpfs lower \\([a-z]*\\).*|\\1 \\2|p' /proc/self/mountinfo | sed 's/,relatime//'
      cat $layers/lower/mounts 2>/dev/null
      exit $status
      """
    return try Run("unshare", ["--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", script], package: "util-linux")
  }
}

@Suite("preroot reset", .enabled(if: geteuid() == 0, "Only root can mark an upper"))
struct ToolResetTests {
  private let machine: MiniatureMachine
  private var mark: String { "\(machine.root)/run/initramfs/preroot/upper/reset" }

  init() throws {
    machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", """
      1 0 0:30 / / rw - overlay preroot rw,lowerdir=/run/initramfs/preroot/lower,upperdir=/run/initramfs/preroot/upper/upper,workdir=/w
      3 1 98:16 / /run/initramfs/preroot/upper rw - ext4 /dev/ubdb rw

      """)
    for root in ["", "run/initramfs/preroot/upper/upper/"] {
      try machine.write("\(root)var/srv/www/file", "")
      try FileManager.default.createSymbolicLink(atPath: "\(machine.root)/\(root)var/www", withDestinationPath: "srv/www")
    }
    // Only the image has this link.
    try FileManager.default.createSymbolicLink(atPath: "\(machine.root)/srv", withDestinationPath: "/var/srv")
  }

  private func reset(_ arguments: String...) throws -> Run {
    try Run(Checkout.ships("preroot"), ["reset"] + arguments, environment: ["PREROOT_ROOT": machine.root])
  }

  @Test("preroot reset --keep rejects a path through a link and names the real one", arguments: [
    ("/srv/www/file", "/var/srv/www/file"), ("/srv", "/var/srv"), ("/var/www/file", "/var/srv/www/file"), ("/srv/nowhere", "/var/srv/nowhere"),
  ])
  func behindLink(path: String, real: String) throws {
    let run = try reset("--keep", "/var/srv", "--keep", path)
    #expect(run.status == 4)
    #expect(run.output == "")
    #expect(run.errors == "preroot: '\(path)' goes through a symbolic link: keep '\(real)'\n")
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  @Test("preroot reset --keep keeps links and real paths")
  func keeps() throws {
    let run = try reset("--keep", "/var/www", "--keep=/var/srv/www/")
    #expect(run.errors == "")
    #expect(run.status == 0)
    #expect(try String(contentsOfFile: mark, encoding: .utf8) == "/var/www\n/var/srv/www\n")
  }

  @Test("preroot reset --cancel removes any mark, whatever its contents", arguments: ["", "/srv/www/file\n", "\0\n", String(repeating: "/x\n", count: 100_000)])
  func cancels(contents: String) throws {
    try contents.write(toFile: mark, atomically: false, encoding: .utf8)
    let run = try reset("--cancel")
    #expect(run.status == 0)
    #expect(run.output == "The next boot keeps the upper\n")
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  /// In the first machine a tmpfs replaces the upper, in the second preroot was not active.
  @Test("preroot reset --cancel says where the mark is if this boot does not use the upper", arguments: [
    ("1 0 0:30 / / rw - overlay preroot rw,lowerdir=/l,upperdir=/run/initramfs/preroot/upper/upper,workdir=/w\n3 1 0:31 / /run/initramfs/preroot/upper rw - tmpfs preroot rw\n", ""),
    ("1 0 98:0 / / ro - squashfs /dev/root ro\n", "/site"),
  ])
  func cancelsElsewhere(mountInfo: String, directory: String) throws {
    try machine.write("proc/1/mountinfo", mountInfo)
    for root in ["", "run/initramfs/preroot/lower/"] { try machine.write("\(root)etc/preroot.conf", "[Preroot]\nUpper=LABEL=data\nDir=\(directory)\n") }
    let run = try reset("--cancel")
    #expect(run.status == 3)
    #expect(run.output == "")
    #expect(run.errors == "preroot: This boot does not use LABEL=data, and cannot tell whether a reset is pending; to cancel one, mount it and remove its file '\(directory)/reset'\n")
  }

  @Test("preroot reset refuses to write a mark that a boot could not read")
  func tooMuch() throws {
    let run = try reset("--keep", "/" + String(repeating: "d/", count: 33_000))
    #expect(run.status == 4)
    #expect(!FileManager.default.fileExists(atPath: mark))
  }
}

@Suite("preroot plan")
struct ToolPlanTests {
  private func plan(_ image: MiniatureMachine, commandLine: String? = nil) throws -> Run {
    try Run(
      Checkout.ships("preroot"), ["plan", "--root", image.root],
      environment: commandLine.map { ["SYSTEMD_PROC_CMDLINE": $0] } ?? [:])
  }

  /// An image on a build machine, which has no /proc and no /sys.
  private func image() throws -> MiniatureMachine {
    let image = try MiniatureMachine()
    try image.remove("proc")
    try image.remove("sys")
    return image
  }

  @Test("preroot plan --root shows an image's units and steps, and assumes squashfs")
  func ofImage() throws {
    let image = try image()
    try image.write("etc/preroot.conf", "[Preroot]\nScope=/etc\n")
    let before = try Tree(image.root)
    let run = try plan(image)
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(run.output.hasPrefix("""
      # This image is not booted; assuming a squashfs root and an empty command line
      # The root is squashfs, which is always read-only; overlay-prep.service makes it writable before default.target
      # Units that preroot-generator writes:
      generator.early/overlay-prep.target.d/zzzz-preroot-stage1.conf
          # Automatically generated by preroot-generator

      """))
    #expect(run.output.contains("""

      generator.early/service.d/zzzz-preroot-stage1.conf
          # Automatically generated by preroot-generator
          [Unit]
          ConditionPathExists=/run/preroot/ready
      generator.early/socket.d/zzzz-preroot-stage1.conf

      """))
    #expect(run.output.contains("""

      generator.early/default.target -> /usr/lib/systemd/system/overlay-prep.target
      # Steps of overlay-prep:
      make private /run

      """))
    #expect(run.output.contains("\nmount overlay at /etc ("))
    #expect(run.output.hasSuffix("\n# Then systemd reloads, as overlays on directories need mount units, and goes on to default.target\n"))
    #expect(try Tree(image.root) == before)
  }

  @Test("preroot plan says so if units start without a reload before")
  func tellsOfOrdering() throws {
    let run = try plan(image(), commandLine: "preroot=tmpfs")
    #expect(run.output.contains("\n    After=overlay-prep.service\n"))
    #expect(run.output.hasSuffix("\n# Then the units of default.target, which have waited, start; systemd reloads when all have\n"))
  }

  @Test("preroot plan shows no units and no machine ID if the helper is PID 1")
  func ofFirstProcess() throws {
    let run = try plan(image(), commandLine: "preroot=tmpfs init=/usr/lib/preroot/overlay-prep")
    #expect(run.status == 0)
    #expect(run.output.contains("\n# A writable root was requested; overlay-prep makes it writable before default.target\n# Steps of overlay-prep as PID 1:\nmake private /run\n"))
    #expect(!run.output.contains("generator"))
    #expect(!run.output.contains("machine ID"))
    #expect(run.output.hasSuffix("\n# Then PID 1 executes systemd, which goes on to default.target\n"))
  }

  @Test("preroot plan lists every step and the remarks on settings")
  func hasSteps() throws {
    let run = try plan(image(), commandLine: "preroot.scope=/etc preroot=tmpfs:size=1m,sise=2")
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(run.output.contains("\n# Kernel command line: preroot='sise=2' is not an option of a tmpfs upper (size=64m, size=25%, nr_inodes=200k), ignoring\n"))
    let steps = try #require(run.output.firstRange(of: "# Steps of overlay-prep:\n"))
    #expect(run.output[steps.upperBound...].hasPrefix(PrintedPlan.beginning + """
      mount tmpfs at /run/initramfs/preroot/upper (nosuid,nodev,mode=0755,size=1m,nr_inodes=1m)
      require space on /run/initramfs/preroot/upper
      make store directory /run/initramfs/preroot/upper/upper (/run/initramfs/preroot/lower)

      """))
    #expect(run.output.contains("\nmount overlay at /etc (lowerdir=/run/initramfs/preroot/lower/etc,"))
    #expect(run.output.contains("\nmake shared with all below it /run\n"))
  }

  @Test("preroot plan shows the same units that the generator writes")
  func agreesWithGenerator() throws {
    let machine = try MiniatureMachine()
    #expect(try machine.generate(environment: ["SYSTEMD_PROC_CMDLINE": "preroot 3"]).status == 0)
    let written = try machine.output.nodes.keys
    let run = try Run(Checkout.ships("preroot"), ["plan"], environment: ["PREROOT_ROOT": machine.root, "SYSTEMD_PROC_CMDLINE": "preroot 3"])
    let planned = run.output.matches(of: #/(?m)^(generator\S*)/#).map { String($0.output.1) }
    #expect(Set(planned) == Set(written.filter { $0.contains("/") }))
  }

  @Test("preroot plan shows the steps for an upper on a device")
  func ofDevice() throws {
    let run = try plan(image(), commandLine: "preroot=LABEL=data preroot.fstype=ext4 preroot.dir=/site preroot.reset")
    #expect(run.output.contains("\ncheck the file system on LABEL=data (ext4)\n"))
    #expect(run.output.contains("\n# The existing upper is set aside: preroot.reset or systemd.factory_reset= requests it\n"))
    #expect(run.output.contains("\nset aside /run/initramfs/preroot/upper/site/upper ("))
    #expect(run.output.contains("upperdir=/run/initramfs/preroot/upper/site/upper,"))
  }

  @Test("preroot plan shows only the reason if the boot is left alone")
  func ofUntouched() throws {
    let run = try plan(image(), commandLine: "preroot=no")
    #expect(run.status == 0)
    #expect(run.output.split(separator: "\n").dropFirst() == ["# Disabled by preroot=no or Enable=no"])
  }

  /// The next boot reads the lower, not the overlay.
  @Test("preroot plan reads the settings from the lower if an overlay is mounted")
  func ofSettled() throws {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", """
      1 0 0:30 / / rw shared:1 - overlay preroot rw
      2 1 98:0 / /run/initramfs/preroot/lower ro - squashfs /dev/root ro

      """)
    let lower = try MiniatureMachine()
    try lower.remove("proc")
    try machine.write("etc/preroot.conf", "[Preroot]\nEnable=no\n")
    try machine.write("run/preroot/failed", "98:0\n")
    try machine.write("run/initramfs/preroot/reset", "")
    try machine.lay(lower.root, over: "\(machine.root)/run/initramfs/preroot/lower")
    let run = try Run(Checkout.ships("preroot"), ["plan"], environment: ["PREROOT_ROOT": machine.root])
    #expect(run.output.hasPrefix("# The root is squashfs, which is always read-only; overlay-prep.service makes it writable before default.target\n"))
    #expect(run.output.contains("\nmake link /run/systemd/volatile-root (/dev/block/98:0)\n"))
  }
}

@Suite("preroot check")
struct ToolCheckTests {
  /// A machine that has everything for the next boot.
  private func machine() throws -> MiniatureMachine {
    let machine = try MiniatureMachine()
    for file in [
      "usr/lib/systemd/system-generators/preroot-generator", "usr/lib/x86_64-linux-gnu/libsystemd.so.0", "usr/lib/x86_64-linux-gnu/libblkid.so.1",
      "etc/machine-id", "usr/bin/sh", "usr/bin/mkdir", "usr/bin/touch", "usr/bin/mount", "usr/bin/systemctl", "usr/sbin/fsck.ext4", "run/x",
    ] { try machine.write(file, "") }
    try machine.write("proc/filesystems", "nodev\toverlay\n\text4\n")
    try machine.write("proc/sys/kernel/osrelease", "6.1.0-50-amd64\n")
    try machine.write("proc/meminfo", "MemTotal:         245760 kB\n")
    return machine
  }

  private func check(_ machine: MiniatureMachine, commandLine: String = "preroot") throws -> Run {
    let run = try Run(Checkout.ships("preroot"), ["check"], environment: ["PREROOT_ROOT": machine.root, "SYSTEMD_PROC_CMDLINE": commandLine])
    #expect(run.errors == "")
    return run
  }

  @Test("preroot check exits with 0 if the machine has everything it needs")
  func ofGoodMachine() throws {
    let run = try check(machine())
    #expect(run.status == 0)
    #expect(run.output == """
      good: A writable root was requested; overlay-prep.service makes it writable before default.target
      good: The image has all of preroot
      good: The kernel has overlay
      good: The upper's tmpfs may take 60.0 MiB of 240 MiB of memory
      The next boot makes / writable, upper: tmpfs:size=25%,nr_inodes=1m

      """)
  }

  @Test("preroot check recognizes the helper as PID 1, by init= or by a link", arguments: [true, false])
  func ofFirstProcess(isByLink: Bool) throws {
    let machine = try machine()
    try machine.write("usr/lib/systemd/systemd", "")
    if isByLink { try machine.link("sbin/init", to: "../usr/lib/preroot/overlay-prep") }
    let run = try check(machine, commandLine: isByLink ? "preroot" : "preroot init=/sbin/wrapper init=/usr/lib/preroot/overlay-prep")
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("""
      good: A writable root was requested; overlay-prep makes it writable before default.target
      good: The kernel starts overlay-prep as PID 1
      good: The image has all of preroot

      """))
  }

  @Test("preroot check names a wrapper that the kernel starts as PID 1")
  func ofWrapper() throws {
    let machine = try machine()
    try machine.write("sbin/wrapper", "")
    let run = try check(machine, commandLine: "preroot init=/sbin/wrapper")
    #expect(run.status == 0)
    #expect(run.output.contains("note: init=/sbin/wrapper is started in place of systemd; /usr/lib/preroot/overlay-prep there makes the root writable by itself\n"))
  }

  @Test("preroot check exits with 0 if preroot is disabled, and says so")
  func ofMachineThatIsOff() throws {
    let run = try check(machine(), commandLine: "preroot=no")
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("note: Disabled by preroot=no or Enable=no\n"))
    #expect(run.output.hasSuffix("\nThe next boot leaves the root as it is\n"))
  }

  struct Flaw: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var commandLine = "preroot"
    let problem: String
    let make: @Sendable (MiniatureMachine) throws -> Void

    init(_ description: String, _ problem: String, on commandLine: String = "preroot", make: @escaping @Sendable (MiniatureMachine) throws -> Void = { _ in }) {
      testDescription = description
      self.commandLine = commandLine
      self.problem = problem
      self.make = make
    }
  }

  static let flaws = [
    Flaw("a missing unit", "/usr/lib/systemd/system/prerootcheck.slice is missing: install all of preroot") { try $0.remove("usr/lib/systemd/system/prerootcheck.slice") },
    Flaw("a missing unit of the late reload", "/usr/lib/systemd/system/preroot-settle.service is missing: install all of preroot") {
      try $0.remove("usr/lib/systemd/system/preroot-settle.service")
    },
    Flaw("a missing helper", "/usr/lib/preroot/overlay-prep is missing: install all of preroot") { try $0.remove("usr/lib/preroot/overlay-prep") },
    Flaw("a helper for another processor", "/usr/lib/preroot/overlay-prep is not for the processor of /usr/lib/systemd/systemd: install preroot for the image's architecture") {
      // The beginnings of ELF files for x86_64 and for another machine.
      for (file, machine) in [("usr/lib/systemd/systemd", "\u{3e}"), ("usr/lib/preroot/overlay-prep", "\u{37}")] {
        try $0.write(file, "\u{7f}ELF\u{2}\u{1}\u{1}" + String(repeating: "\0", count: 9) + "\u{3}\0" + machine + "\0")
      }
    },
    Flaw("a masked generator", "/etc/systemd/system-generators/preroot-generator masks the generator: remove it") {
      try $0.write("etc/systemd/system-generators/preroot-generator", "")
    },
    Flaw("a masked unit", "overlay-prep.service is masked; unmask it to make the root writable") { try $0.write("etc/systemd/system/overlay-prep.service", "") },
    Flaw(
      "an init= that is not there", "init=/usr/lib/preroot/overlayprep is missing, and the kernel panics without it: correct the path, or install it",
      on: "preroot init=/usr/lib/preroot/overlayprep"),
    Flaw("a helper as PID 1 without systemd", "systemd is missing, which overlay-prep as PID 1 executes: install it", on: "preroot init=/usr/lib/preroot/overlay-prep"),
    Flaw("no overlayfs", "The kernel has no overlay: build it with CONFIG_OVERLAY_FS=y, or put its module 'overlay' into the image") {
      try $0.write("proc/filesystems", "\text4\n")
    },
    Flaw("overlayfs as a module, and no modprobe", "The module overlay needs modprobe, which is missing: install kmod") {
      try $0.write("proc/filesystems", "\text4\n")
      try $0.write("usr/lib/modules/6.1.0-50-amd64/modules.dep", "kernel/fs/overlayfs/overlay.ko.xz:\n")
    },
    Flaw("an old kernel", "Linux 4.14.336 is too old: 4.19 or later is needed") { try $0.write("proc/sys/kernel/osrelease", "4.14.336\n") },
    Flaw("no machine ID", "The image has no /etc/machine-id, which systemd needs on a read-only root: create an empty one") { try $0.remove("etc/machine-id") },
    Flaw("a sign of an initrd", "The image has /etc/initrd-release, which makes it an initrd: remove it") { try $0.write("etc/initrd-release", "") },
    Flaw("no place for /run", "The image has no directory /run: make one") { try $0.remove("run") },
    Flaw("a misspelt word", "Kernel command line: preroot.uper= is not a setting of preroot, ignoring; see preroot.conf(5)", on: "preroot preroot.uper=tmpfs"),
    Flaw("a directory that is not there", "/srv of Scope= is not a directory in the image: create it, or remove it from Scope=", on: "preroot preroot.scope=/srv"),
    Flaw("a directory behind a link", "/srv/www of Scope= goes through a symbolic link: name /var/srv/www", on: "preroot preroot.scope=/srv/www") {
      try $0.link("srv", to: "/var/srv")
    },
    Flaw("a scope that is a file", "/etc/machine-id of Scope= is not a directory in the image: create it, or remove it from Scope=", on: "preroot preroot.scope=/etc/machine-id"),
    Flaw(
      "a bind that is a dangling link", "/srv of Bind= goes through a symbolic link to /var/srv, which is not a directory in the image: create it, or remove it from Bind=",
      on: "preroot preroot.bind=/srv"
    ) { try $0.link("srv", to: "../../var/srv") },
    Flaw(
      "a bind that is a link to the kernel's", "/srv of Bind= goes through a symbolic link to /run, which is not a directory in the image: create it, or remove it from Bind=",
      on: "preroot preroot.bind=/srv"
    ) { try $0.link("srv", to: "run") },
    Flaw(
      "something else that is mounted on a directory", "Scope=/var is left out: /etc/fstab mounts LABEL=var there; remove it from one of the two",
      on: "preroot preroot.scope=/etc:/var"
    ) {
      try $0.write("var/x", "")
      try $0.write("etc/fstab", "LABEL=var /var ext4 defaults 0 2\n")
    },
    Flaw("a configuration that is a directory", "/etc/preroot.conf cannot be read, ignoring: Is a directory") { try $0.write("etc/preroot.conf/x", "") },
    Flaw("a configuration that is a dangling link", "/etc/preroot.conf cannot be read, ignoring: No such file or directory") { try $0.link("etc/preroot.conf", to: "nowhere") },
    Flaw("a name that is no device's", "sda3 names no device; write /dev/sda3", on: "preroot=sda3"),
    Flaw("a tmpfs larger than the memory", "The upper's tmpfs may take 1.0 GiB of 240 MiB of memory, and fill it: give it less (preroot.conf(5), Upper=)", on: "preroot=tmpfs:size=1g"),
    Flaw(
      "a tmpfs larger than any number", "The upper's tmpfs may take 8589934591 TiB of 240 MiB of memory, and fill it: give it less (preroot.conf(5), Upper=)",
      on: "preroot=tmpfs:size=9223372036854775807%"),
    Flaw("a device that is not there", "LABEL=nowhere is not present; 'lsblk -f' lists devices and their names", on: "preroot=LABEL=nowhere"),
    Flaw("no libblkid for a label", "libblkid.so.1 is missing, without which LABEL=nowhere is not found: install it, or name the device by its path", on: "preroot=LABEL=nowhere") {
      try $0.remove("usr/lib/x86_64-linux-gnu/libblkid.so.1")
    },
    Flaw(
      "no libblkid for an encrypted device", "libblkid.so.1 is missing, which identifies the contents of the upper's device: install it",
      on: "preroot=/dev/vdb preroot.crypt=random preroot.fstype=ext4"
    ) { try $0.remove("usr/lib/x86_64-linux-gnu/libblkid.so.1") },
    Flaw("an upper behind an image that is not on a block device", "tail needs a root on a block device; the root is squashfs", on: "preroot=tail"),
    Flaw(
      "an upper behind an image on a disk with partitions", "tail is not for a disk with partitions, and /dev/ubda is one; put the image into a partition", on: "preroot=tail"
    ) {
      try $0.putRootOnDisk()
      try $0.write("sys/dev/block/98:0/ubda1/partition", "1\n")
    },
    Flaw("an upper behind an image on a device that is too small", "tail needs 4 MiB behind the image, and on /dev/ubda there are 0 KiB", on: "preroot=tail") {
      try $0.putRootOnDisk()
    },
    Flaw("an upper behind an image on a read-only device", "tail needs a writable device, and /dev/ubda is read-only", on: "preroot=tail") {
      try $0.putRootOnDisk()
      try $0.write("sys/dev/block/98:0/ro", "1\n")
    },
    Flaw(
      "an upper behind an image on raw flash",
      "tail is not for raw flash, which a block device on it wears out; preroot=mtd:NAME or preroot=ubi0:NAME uses a part of it", on: "preroot=tail"
    ) { try $0.putRootOnDisk("mtdblock3") },
    Flaw(
      "an upper behind an ext4", "tail needs a squashfs or erofs root, which says where it ends; the root is ext4", on: "preroot=tail"
    ) {
      try $0.putRootOnDisk()
      try $0.write("proc/1/mountinfo", "26 1 98:0 / / ro,relatime shared:1 - ext4 /dev/root ro\n")
    },
    Flaw(
      "an upper that a longer image has overwritten",
      "tail was overwritten at its beginning by a longer image; preroot.on-lower-change=reset with preroot.format=blank starts a new one", on: "preroot=tail"
    ) { try $0.putRootOnDisk(roomInKilobytes: 8192, record: "preroot's upper begins at byte 0\n") },
    Flaw("no loop devices", "The kernel has no loop: build it with CONFIG_BLK_DEV_LOOP=y, or put its module 'loop' into the image", on: "preroot=tail") {
      try $0.write("sys/module/overlay/x", "")
    },
    Flaw("no program that opens an encrypted device", "systemd-cryptsetup and cryptsetup are missing, one of which Crypt= needs: install one", on: "preroot=/dev/vdb preroot.crypt=random"),
    Flaw("a key file that is not there", "/etc/key of Crypt= is not a file of the image: put the key there", on: "preroot=/dev/vdb preroot.crypt=/etc/key"),
    Flaw(
      "no dm-crypt", "The kernel has no dm-crypt: build it with CONFIG_DM_CRYPT=y, or put its module 'dm-crypt' into the image", on: "preroot=/dev/vdb preroot.crypt=random"
    ) { try $0.write("usr/lib/modules/6.1.0-50-amd64/modules.dep", "kernel/fs/ext4/ext4.ko.xz:\n") },
    Flaw("dm-crypt as a module, and no modprobe", "The module dm-crypt needs modprobe, which is missing: install kmod", on: "preroot=/dev/vdb preroot.crypt=random") {
      try $0.write("usr/lib/modules/6.1.0-50-amd64/modules.dep", "kernel/drivers/md/dm-crypt.ko.xz: kernel/drivers/md/dm-mod.ko.xz\n")
    },
  ]

  @Test("preroot check exits with 1 and says how to fix each problem", arguments: flaws)
  func namesProblem(flaw: Flaw) throws {
    let machine = try machine()
    try flaw.make(machine)
    let run = try check(machine, commandLine: flaw.commandLine)
    #expect(run.status == 1)
    #expect(run.output.contains("problem: \(flaw.problem)\n"), "\(run.output)")
    #expect(run.output.contains(#/\n[0-9]+ problems?\n$/#))
  }

  /// A unit that runs another program needs another check.
  @Test("preroot check looks for every program that a unit runs")
  func looksForPrograms() throws {
    let directory = Checkout.path.appending(path: "generator/units").path
    var programs: Set<String> = []
    for unit in try FileManager.default.contentsOfDirectory(atPath: directory) {
      let text = try Checkout.text("generator/units/\(unit)").replacing("\\\n", with: "")
      for line in text.matches(of: #/(?m)^Exec\w+=[-@:+!]*(.*)$/#) {
        // Programs are the first word and, in a script, the first word of each command.
        for word in line.output.1.matches(of: #/(?:^|'|;|&&|\|\||\||\$\(|\bdo|!) *([a-z\/-]+)\b/#) { programs.insert(String(word.output.1)) }
      }
    }
    programs.subtract(["/usr/lib/preroot/overlay-prep", "for", "do", "done", "exit"])
    #expect(programs.isSuperset(of: ["sh", "mkdir", "touch", "mount", "systemctl"]))
    for program in programs {
      let machine = try machine()
      try machine.remove("usr/bin/\(program)")
      let run = try check(machine)
      #expect(run.status == 1 && run.output.contains("problem: \(program) is missing, which"), "\(program): \(run.output)")
    }
  }

  @Test("preroot check notes that a longer image has overwritten an upper that the settings give up")
  func notesOverwrittenTail() throws {
    let machine = try machine()
    try machine.putRootOnDisk(roomInKilobytes: 8192, record: "preroot's upper begins at byte 0\n")
    let output = try check(machine, commandLine: "preroot=tail preroot.format=blank preroot.on-lower-change=reset").output
    #expect(output.contains("\nnote: tail was overwritten by a longer image; the next boot creates a new ext4 on it\n"), "\(output)")
  }

  @Test("preroot check notes where a boot differs from the settings as written", arguments: [
    ("preroot=/dev/null preroot.bind=/srv", "/srv of Bind= goes through a symbolic link: it is /var/srv that is taken past the overlay"),
    ("preroot preroot.crypt=auto", "Kernel command line: preroot.crypt='auto' has no effect, as the upper is a tmpfs"),
    ("preroot=/dev/null preroot.crypt=random preroot.reset", "Kernel command line: preroot.crypt='random' counts: each boot has a new upper, so Reset= has no effect"),
    ("preroot", "/swapfile in /etc/fstab is a swap file on the overlay, which the kernel does not support: it is left out; use zram or a partition"),
  ])
  func hasNote(commandLine: String, note: String) throws {
    let machine = try machine()
    try machine.write("var/srv/x", "")
    try machine.link("srv", to: "/var/srv")
    try machine.write("etc/fstab", "/swapfile none swap sw 0 0\nLABEL=opt /opt ext4 defaults 0 2\n/opt/swap none swap sw 0 0\n")
    let output = try check(machine, commandLine: commandLine).output
    #expect(output.contains("\nnote: \(note)\n"), "\(output)")
    #expect(!output.contains("/opt/swap"))
  }

  struct Temporaries: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var commandLine = "preroot preroot.scope=/etc:/var"
    let isNoted: Bool
    var make: @Sendable (MiniatureMachine) throws -> Void = { _ in }
  }

  private static let wanted = "systemd/system/local-fs.target.wants/tmp.mount"

  static let temporaries = [
    Temporaries(testDescription: "two directories", isNoted: true),
    Temporaries(testDescription: "the whole root", commandLine: "preroot", isNoted: false),
    Temporaries(testDescription: "/tmp in the scope", commandLine: "preroot preroot.scope=/etc:/tmp", isNoted: false),
    Temporaries(testDescription: "/tmp in Bind=", commandLine: "preroot=/dev/null preroot.scope=/etc preroot.bind=/tmp", isNoted: false),
    Temporaries(testDescription: "a link into the scope", isNoted: false) {
      try $0.write("var/tmp/x", "")
      try $0.link("tmp", to: "/var/tmp")
    },
    Temporaries(testDescription: "a link into /run", isNoted: false) { try $0.link("tmp", to: "run/tmp") },
    Temporaries(testDescription: "a link that leads elsewhere", isNoted: true) { try $0.link("tmp", to: "opt/tmp") },
    Temporaries(testDescription: "a line in fstab", isNoted: false) { try $0.write("etc/fstab", "tmpfs /tmp tmpfs defaults 0 0\n") },
    Temporaries(testDescription: "a line in fstab that nothing mounts", isNoted: true) { try $0.write("etc/fstab", "tmpfs /tmp tmpfs noauto 0 0\n") },
    Temporaries(testDescription: "tmp.mount, as systemd installs it", isNoted: false) { try $0.link("usr/lib/\(wanted)", to: "../tmp.mount") },
    Temporaries(testDescription: "tmp.mount, enabled", isNoted: false) { try $0.link("etc/\(wanted)", to: "/usr/share/systemd/tmp.mount") },
    Temporaries(testDescription: "tmp.mount, masked", isNoted: true) {
      try $0.link("usr/lib/\(wanted)", to: "../tmp.mount")
      try $0.link("etc/systemd/system/tmp.mount", to: "/dev/null")
    },
  ]

  @Test("preroot check says if /tmp stays read-only", arguments: temporaries)
  func looksAtTemporaries(of image: Temporaries) throws {
    let machine = try machine()
    try image.make(machine)
    let output = try check(machine, commandLine: image.commandLine).output
    let note = "\nnote: /tmp stays read-only, and services with PrivateTmp= fail: enable tmp.mount, or add /tmp to Scope=\n"
    #expect(output.contains(note) == image.isNoted, "\(output)")
    #expect(output.contains("/tmp stays") == image.isNoted, "\(output)")
  }

  @Test("preroot check reports contradictory settings as problems", arguments: [
    ("preroot preroot.options=noatime,noexec",
     "Kernel command line: preroot.options='noexec' would keep every program from running, ignoring; use it with directories in Scope="),
    ("preroot preroot.scope=/etc:/var", "Scope=/var is left out: /etc/fstab mounts LABEL=var there; remove it from one of the two"),
    ("preroot preroot.bind=/opt/x", "Bind=/opt/x is left out: opt.mount mounts at /opt; remove one of the two"),
    ("preroot=sda3", "sda3 names no device; write /dev/sda3"),
    ("preroot=mtd:data preroot.crypt=random", "mtd:data is not a block device, which preroot.crypt=random needs"),
    ("preroot=ubi0:data preroot.crypt=auto", "ubi0:data is not a block device, which preroot.crypt=auto needs"),
    ("preroot=LABEL=data preroot.crypt=random",
     "LABEL=data is the name of a file system, of which preroot.crypt=random leaves none; use PARTLABEL=, PARTUUID= or a path"),
    ("preroot=/dev/vdb preroot.crypt", "/dev/vdb is not used: preroot.crypt=yes is neither no, random, auto nor the path of a key file"),
    ("preroot=/dev/vdb preroot.crypt=random preroot.bind=/var", "Kernel command line: preroot.crypt='random' counts: Bind= is lost at power-off, too"),
    ("preroot=LABEL=", "Kernel command line: preroot='LABEL=' names no device, so it enables nothing"),
  ])
  func hasProblem(commandLine: String, problem: String) throws {
    let machine = try machine()
    try machine.write("etc/fstab", "LABEL=var /var ext4 defaults 0 2\n")
    try machine.write("usr/lib/systemd/system/opt.mount", "[Mount]\nWhat=/dev/x\nWhere=/opt\n")
    for directory in ["etc", "var", "opt"] { try machine.write("\(directory)/x", "") }
    let run = try check(machine, commandLine: commandLine)
    #expect(run.output.contains("problem: \(problem)\n"), "\(run.output)")
    #expect(run.status == 1)
  }

  /// On a build machine, an absolute link would lead to that machine's files.
  @Test("preroot check and plan follow no link out of the image")
  func staysInImage() throws {
    let image = try machine(), other = try Temporary()
    _ = FileManager.default.createFile(atPath: other.path("sh"), contents: nil)
    try image.remove("usr/bin/sh")
    try image.link("usr/bin/sh", to: other.path("sh"))
    try image.write("etc/real.conf", "[Preroot]\nScope=/var\n")
    try image.link("etc/preroot.conf", to: "/etc/real.conf")
    try image.write("var/x", "")
    let run = try Run(Checkout.ships("preroot"), ["check", "--root", image.root])
    #expect(run.output.contains("problem: sh is missing, which"), "\(run.output)")
    #expect(try Run(Checkout.ships("preroot"), ["plan", "--root", image.root]).output.contains("\nmount overlay at /var ("))
  }

  @Test("preroot check reads a modules.dep of any size")
  func readsModules() throws {
    let machine = try machine()
    try machine.write("proc/filesystems", "\text4\n")
    try machine.write("usr/sbin/modprobe", "")
    try machine.write("usr/lib/modules/6.1.0-50-amd64/modules.dep", String(repeating: "kernel/drivers/none.ko.xz: kernel/none.ko.xz\n", count: 50_000) + "kernel/fs/overlayfs/overlay.ko.xz:\n")
    #expect(try check(machine).output.contains("\ngood: The kernel 6.1.0-50-amd64 has the module overlay\n"))
  }

  @Test("preroot check --root ignores the build machine")
  func ofImage() throws {
    let image = try machine()
    try image.remove("proc")
    try FileManager.default.createDirectory(atPath: "\(image.root)/proc", withIntermediateDirectories: true)
    let run = try Run(
      Checkout.ships("preroot"), ["check", "--root", image.root], environment: ["SYSTEMD_PROC_CMDLINE": "preroot=LABEL=data preroot.fstype=ext4"])
    #expect(run.status == 0, "\(run.output)")
    #expect(run.output.contains("\nnote: The image has no modules; its kernel needs overlay built in (CONFIG_OVERLAY_FS=y)\n"))
    #expect(run.output.contains("\nnote: LABEL=data is not searched for: this is not the machine that has it\n"))
  }

  @Test("preroot check --root misses no mkfs for flash memory, whose file systems the kernel creates")
  func ofImageForFlash() throws {
    let image = try machine()
    try image.remove("proc")
    try FileManager.default.createDirectory(atPath: "\(image.root)/proc", withIntermediateDirectories: true)
    for (upper, isMissed) in [("ubi0:data", false), ("mtd:data", false), ("/dev/vdb", true)] {
      let run = try Run(Checkout.ships("preroot"), ["check", "--root", image.root], environment: ["SYSTEMD_PROC_CMDLINE": "preroot=\(upper) preroot.format=blank"])
      #expect(run.output.contains("problem: mkfs.ext4 is missing") == isMissed, "\(run.output)")
    }
  }

  @Test("preroot check --root looks at what makes a LUKS header")
  func ofImageWithKey() throws {
    let image = try machine()
    try image.remove("proc")
    try FileManager.default.createDirectory(atPath: "\(image.root)/proc", withIntermediateDirectories: true)
    try image.write("etc/key", "secret\n")
    try image.write("usr/lib/systemd/systemd-cryptsetup", "")
    func output(_ words: String) throws -> String {
      try Run(Checkout.ships("preroot"), ["check", "--root", image.root], environment: ["SYSTEMD_PROC_CMDLINE": "preroot=/dev/vdb preroot.crypt=/etc/key \(words)"]).output
    }
    let made = try output("preroot.format=blank"), opened = try output("")
    let problems = ["cryptsetup is missing, which Format=blank needs for a LUKS header: install it", "/etc/key has 7 bytes, and a key has at least 32: make one by 'head -c 64 /dev/urandom'"]
    for problem in problems {
      #expect(made.contains("\nproblem: \(problem)\n"), "\(made)")
      #expect(!opened.contains(problem))
    }
  }
}

@Suite("Shell completions")
struct CompletionTests {
  @Test("The completions have every verb and option", arguments: ["preroot.bash", "_preroot"])
  func haveWords(file: String) throws {
    let source = try Checkout.text("docs/completions/\(file)")
    let words = Set(source.split { !($0.isLetter || $0 == "-") })
    for word in commandWords { #expect(words.contains(Substring(word)), "\(word)") }
  }

  @Test("bash completes verbs, options and paths of preroot", arguments: [
    ("preroot st", "status"), ("preroot --v", "--version"), ("preroot status --", "--help --json --version"),
    ("preroot --root / pl", "plan"), ("preroot --root = / pl", "plan"), ("preroot reset --k", "--keep"), ("preroot diff /usr/li", "/usr/lib"),
    ("preroot check --root = /usr/li", "/usr/lib"), ("preroot plan --j", ""), ("preroot chroot mkdi", "mkdir"),
  ])
  func completeInBash(line: String, answer: String) throws {
    let script = """
      source "$1"; read -ra COMP_WORDS <<< "$2"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _preroot
      printf '%s\\n' "${COMPREPLY[@]}" | sort -u | paste -sd ' '
      """
    let run = try Run("bash", ["-c", script, "bash", Checkout.path.appending(path: "docs/completions/preroot.bash").path, line])
    #expect(run.errors == "")
    let words = run.output.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: " ").filter { !$0.hasPrefix("/usr/lib") || $0 == "/usr/lib" }
    #expect(words.joined(separator: " ") == answer)
  }
}

extension MiniatureMachine {
  /// Gives the machine the device that its root is on: a superblock of squashfs in the first 4 KiB, this much room behind the first 64 KiB,
  /// and a record of the upper's place.
  fileprivate func putRootOnDisk(_ name: String = "ubda", roomInKilobytes room: Int? = nil, record: String = "") throws {
    try write("sys/dev/block/98:0/uevent", "DEVNAME=\(name)\n")
    let superblock = "hsqs" + String(repeating: "\0", count: 36) + "\u{60}" + String(repeating: "\0", count: 4055)
    guard let room else { return try write("dev/\(name)", superblock) }
    let end = room << 10
    try write("dev/\(name)", superblock + String(repeating: "\0", count: end - 4096) + record + String(repeating: "\0", count: 65536 - record.utf8.count))
  }
}
