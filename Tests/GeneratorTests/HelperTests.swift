// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

/// These tests always pass an option: without one the helper would make this machine's root writable and start its default target.
@Suite("The helper's command line")
struct HelperTests {
  private func help(_ arguments: [String], environment: [String: String] = [:]) throws -> Run {
    try Run(Checkout.ships("overlay-prep"), arguments, environment: environment)
  }

  @Test("overlay-prep --help lists all options")
  func withHelp() throws {
    let run = try help(["--help"])
    #expect(run.status == 0)
    #expect(run.errors == "")
    for option in ["--settle", "--fstab", "--help"] { #expect(run.output.contains("\n  \(option) ")) }
    for line in run.output.split(separator: "\n") { #expect(line.count <= 80) }
  }

  @Test("overlay-prep rejects unknown arguments with one line", arguments: [["--bogus"], ["-h"], ["help"], ["--settle", "--now"], ["--dry-run"], [""]])
  func withUnknownOption(arguments: [String]) throws {
    let run = try help(arguments)
    #expect(run.status == 2)
    #expect(run.output == "")
    #expect(run.errors == "overlay-prep: '\(arguments.last!)' is not an option; see overlay-prep --help\n")
  }

  /// The variable is for the tool and the generator's tests. If the helper obeyed it, one on the kernel command line or in
  /// DefaultEnvironment= would lead it to another machine.
  @Test("overlay-prep ignores $PREROOT_ROOT")
  func ignoresSeam() throws {
    let machine = try MiniatureMachine()
    try machine.write("run/preroot/events", "MESSAGE=Not of this machine\n\n")
    try machine.write("run/preroot/begun", "")
    let run = try help(["--settle"], environment: ["PREROOT_ROOT": machine.root])
    #expect(run.status == 0)
    #expect(run.output == "")
    #expect(run.errors == "")
    #expect(FileManager.default.fileExists(atPath: "\(machine.root)/run/preroot/begun"))
  }

  /// Runs the helper in a mount namespace that has its own /etc and /run.
  private func help(_ option: String, etc: [String: String] = [:], after script: String = "true") throws -> Run {
    let directory = try Temporary()
    for (name, text) in etc { try text.write(toFile: directory.path(name), atomically: false, encoding: .utf8) }
    return try Run("unshare", ["-m", "sh", "-c", """
      mount --bind "$1" /etc && mount -t tmpfs none /run && { \(script)
      } || exit 99
      "$2" \(option); status=$?
      cat /run/preroot/fstab 2>/dev/null
      exit $status
      """, "sh", directory.path, Checkout.ships("overlay-prep")], package: "util-linux")
  }

  /// In this namespace / is not an overlay, as in a boot whose overlay failed.
  @Test("overlay-prep --fstab omits only the lines for the root", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withFileSystemTable() throws {
    let run = try help("--fstab", etc: ["fstab": "# /dev/x / ext4\n/dev/root\t/  ext4 ro 0 1\n/dev/sda1 /boot vfat ro 0 2"])
    #expect(run.errors == "")
    #expect(run.status == 0)
    #expect(run.output == "# /dev/x / ext4\n/dev/root\t/  ext4 ro 0 1\n/dev/sda1 /boot vfat ro 0 2")
  }

  @Test("overlay-prep --fstab writes an empty file if there is no /etc/fstab", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withoutFileSystemTable() throws {
    let run = try help("--fstab; test -f /run/preroot/fstab")
    #expect(run.errors == "")
    #expect(run.status == 0)
    #expect(run.output == "")
  }

  @Test("overlay-prep --fstab fails if it cannot write the file", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withFileSystemTableOnFullRun() throws {
    let run = try help("--fstab", after: "touch /run/preroot")
    #expect(run.errors.hasPrefix("overlay-prep: Cannot write /run/preroot/fstab: "))
    #expect(run.status == 1)
  }

  @Test("overlay-prep --settle has nothing to do in a boot without a first stage", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withNothingToSettle() throws {
    let run = try help("--settle; ls -A /run")
    #expect(run.errors == "")
    #expect(run.output == "")
    #expect(run.status == 0)
  }

  @Test("overlay-prep --settle keeps the count if it cannot ask PID 1", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withCountAlone() throws {
    let run = try help("--settle; status=$?; test -e /run/count || echo gone; (exit $status)", after: """
      mkdir /run/preroot && echo 2 > /run/count && ln -s /run/count /run/preroot/attempts && echo default.target > /run/preroot/target
      """)
    #expect(run.errors.hasPrefix("overlay-prep: Cannot ask PID 1 whether default.target is active: "))
    #expect(run.output == "")
    #expect(run.status == 1)
  }

  /// Each part of the work is done, whatever becomes of the others. A stopped generator has left its drop-in.
  @Test("overlay-prep --settle does what it can", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withBrokenMachine() throws {
    let run = try help("--settle; status=$?; ls /run/preroot; (exit $status)", after: """
      mkdir -p /run/preroot /run/systemd/generator.early/service.d && echo 2 > /run/count && ln -s /run/count /run/preroot/attempts
      echo default.target > /run/preroot/target && : > /run/preroot/begun && printf 'MESSAGE=x\\n\\n' > /run/preroot/events
      : > /run/systemd/generator.early/service.d/zzzz-preroot-stage1.conf
      """)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("overlay-prep: Cannot ask PID 1 whether default.target is active: ") == true)
    #expect(lines.last?.hasPrefix("overlay-prep: PID 1 refuses to reload: ") == true)
    #expect(run.output.split(separator: "\n") == ["attempts", "events", "failed", "reported", "target"])
    #expect(run.status == 1)
  }

  /// In namespaces of its own, where a script stands in for systemd. A container that asks for nothing is left alone.
  @Test("overlay-prep as PID 1 passes its arguments, environment and clean signals to systemd", .enabled(if: getuid() == 0, "Only root can have a PID namespace"))
  func asFirstProcess() throws {
    let directory = try Temporary()
    let systemd = directory.path("systemd")
    try """
      #!/bin/sh
      echo "$$ $PWD"
      for word; do echo "argument $word"; done
      echo "preroot=$preroot"
      # Not the C library's own signals, 32 and 33, which whatever runs the tests may ignore.
      for field in SigBlk SigIgn; do
        mask=$(sed -n "s/^$field:[[:space:]]*//p" /proc/self/status)
        echo "$((0x$mask & ~(3 << 31)))"
      done

      """.write(toFile: systemd, atomically: false, encoding: .utf8)
    let run = try Run("unshare", ["-pfm", "--mount-proc", "sh", "-c", """
      chmod 755 "$1" && mount --bind "$1" "$(readlink -f /usr/lib/systemd/systemd)" && cd /usr && trap '' USR1 || exit 99
      exec "$2" single "two words" --report
      """, "sh", systemd, Checkout.ships("overlay-prep")], environment: ["container": "test", "preroot": "tmpfs"], package: "util-linux")
    #expect(run.errors == "")
    #expect(run.status == 0)
    #expect(run.output == """
      1 /
      argument single
      argument two words
      argument --report
      preroot=tmpfs
      0
      0

      """)
  }
}
