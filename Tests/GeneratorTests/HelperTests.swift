// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// Never without an option: that would make this machine's root writable, and start its default target.
@Suite("Calling the helper")
struct HelperTests {
  private func help(_ arguments: [String], environment: [String: String] = [:]) throws -> Run {
    try Run(Checkout.ships("overlay-prep"), arguments, environment: environment, package: "libsystemd0")
  }

  @Test("with --help prints the options that it has")
  func withHelp() throws {
    let run = try help(["--help"])
    #expect(run.status == 0)
    #expect(run.errors == "")
    for option in ["--report", "--reached", "--settle", "--fstab", "--help"] { #expect(run.output.contains("\n  \(option) ")) }
    for line in run.output.split(separator: "\n") { #expect(line.count <= 80) }
  }

  @Test("with anything else is answered in one line", arguments: [["--bogus"], ["-h"], ["help"], ["--report", "--now"], ["--dry-run"], [""]])
  func withUnknownOption(arguments: [String]) throws {
    let run = try help(arguments)
    #expect(run.status == 2)
    #expect(run.output == "")
    #expect(run.errors == "overlay-prep: '\(arguments.last!)' is not an option; see overlay-prep --help\n")
  }

  /// The variable is for the tool and the generator's tests. On the kernel command line, or in DefaultEnvironment=, it would lead the
  /// helper to another machine.
  @Test("ignores $PREROOT_ROOT")
  func ignoresSeam() throws {
    let machine = try MiniatureMachine()
    try machine.write("run/preroot/events", "MESSAGE=Not of this machine\n\n")
    let run = try help(["--report"], environment: ["PREROOT_ROOT": machine.root])
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors == "overlay-prep: There is no /run/preroot/events: this boot had no first stage\n")
  }

  /// In a mount namespace with an /etc and a /run of its own.
  private func help(_ option: String, etc: [String: String] = [:], after script: String = "true") throws -> Run {
    let directory = try Temporary()
    for (name, text) in etc { try text.write(toFile: directory.path(name), atomically: false, encoding: .utf8) }
    return try Run("unshare", ["-m", "sh", "-c", """
      mount --bind "$1" /etc && mount -t tmpfs none /run && \(script) || exit 99
      "$2" \(option); status=$?
      cat /run/preroot/fstab 2>/dev/null
      exit $status
      """, "sh", directory.path, Checkout.ships("overlay-prep")], package: "util-linux")
  }

  /// In this namespace / is no overlay: that of a boot whose overlay failed.
  @Test("with --fstab keeps the lines for a root that is no overlay", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withFileSystemTable() throws {
    let run = try help("--fstab", etc: ["fstab": "# /dev/x / ext4\n/dev/root\t/  ext4 ro 0 1\n/dev/sda1 /boot vfat ro 0 2"])
    #expect(run.errors == "")
    #expect(run.status == 0)
    #expect(run.output == "# /dev/x / ext4\n/dev/root\t/  ext4 ro 0 1\n/dev/sda1 /boot vfat ro 0 2")
  }

  @Test("with --fstab writes an empty file where there is none", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withoutFileSystemTable() throws {
    let run = try help("--fstab; test -f /run/preroot/fstab")
    #expect(run.errors == "")
    #expect(run.status == 0)
    #expect(run.output == "")
  }

  @Test("with --fstab fails where the file cannot be written", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withFileSystemTableOnFullRun() throws {
    let run = try help("--fstab", after: "touch /run/preroot")
    #expect(run.errors.hasPrefix("overlay-prep: Cannot write /run/preroot/fstab: "))
    #expect(run.status == 1)
  }

  @Test("with --reached in a boot that is not counted has nothing to do, and says so", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withReachedUncounted() throws {
    let run = try help("--reached")
    #expect(run.errors == "overlay-prep: There is no /run/preroot/attempts, or no /run/preroot/target: this boot is not counted\n")
    #expect(run.status == 0)
  }

  @Test("with --reached keeps the count where PID 1 cannot be asked", .enabled(if: getuid() == 0, "Only root can have a mount namespace"))
  func withReachedAlone() throws {
    let run = try help("--reached; status=$?; test -e /run/count || echo gone; (exit $status)", after: """
      mkdir /run/preroot && echo 2 > /run/count && ln -s /run/count /run/preroot/attempts && echo default.target > /run/preroot/target
      """)
    #expect(run.errors.hasPrefix("overlay-prep: Cannot ask PID 1 whether default.target is active: "))
    #expect(run.output == "")
    #expect(run.status == 1)
  }
}
