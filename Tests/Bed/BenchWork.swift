// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The work of the programs in a boot, in numbers that are the same on every machine and in every run.
public struct BenchWork: Sendable {
  let generatorInstructions, helperCalls: Int

  /// - Throws: ``Problem`` if a tool is missing or a machine does not boot.
  public init() async throws {
    generatorInstructions = try await Self.ofGenerator()
    helperCalls = try await Self.callsOfHelper()
  }

  /// The generator's instructions for a staged boot of a miniature machine, counted by callgrind.
  private static func ofGenerator() async throws -> Int {
    let directory = try Temporary()
    let root = directory.path("root"), names = ["generator", "generator.early", "generator.late"]
    try await sh("cp", "-dR", "\(Checkout.top)/Tests/GeneratorTests/Cases/base", root)
    for name in ["\(root)/usr/lib/preroot", "\(root)/usr/lib/systemd"] + names.map(directory.path) {
      try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
    }
    _ = FileManager.default.createFile(atPath: "\(root)/usr/lib/preroot/overlay-prep", contents: nil)
    try await sh("cp", "-R", "\(Checkout.top)/generator/units", "\(root)/usr/lib/systemd/system")
    var command = Command(
      "valgrind", ["--tool=callgrind", "--callgrind-out-file=/dev/null", try Checkout.ships("preroot-generator")] + names.map(directory.path))
    command.environment = ["PREROOT_ROOT": root]
    let output = try await command.output()
    guard let number = output.firstMatch(of: #/Collected : ([0-9]+)/#).flatMap({ Int($0.output.1) }) else { throw Problem("callgrind says no number: \(output)") }
    return number
  }

  /// The helper's system calls in a container, whose boot takes half a second.
  private static func callsOfHelper() async throws -> Int {
    let boot = try await Machine(.container, try await Tree.lean.counting(.calls), "preroot=tmpfs").boot()
    guard let number = boot.helperCount else { throw Problem("\(boot) has no count: \(boot.script?.output ?? "")") }
    return number
  }

  public var table: String {
    """
    | | |
    |---|---|
    | preroot-generator, a staged boot | \(generatorInstructions.formatted(.number.locale(.init(identifier: "en")))) instructions |
    | overlay-prep, preroot=tmpfs | about \(helperCalls) system calls |

    """
  }
}
