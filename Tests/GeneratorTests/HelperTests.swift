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
    for option in ["--report", "--help"] { #expect(run.output.contains("\n  \(option) ")) }
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
    #expect(run.errors == "overlay-prep: there is no /run/preroot/events: this boot had no first stage\n")
  }
}
