// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// The work of the programs in a boot, in numbers that do not depend on the host's load.
public struct BenchWork: Sendable {
  let generatorInstructions: Int
  /// The helper's instructions with preroot=tmpfs by each entrance, including those of the dynamic linker.
  let helperInstructions: [Entrance: Int]
  let helperCalls: Int

  /// Counts them, the helper's in containers, whose boots take half a second.
  ///
  /// - Throws: ``Problem`` if a tool is missing or a machine does not boot.
  public static func counted() async throws -> BenchWork {
    func helper(_ count: Count, _ entrance: Entrance = .stageOne) async throws -> Int {
      let boot = try await Machine(.container, try await Tree.lean.counting(count), "preroot=tmpfs").by(entrance).boot()
      guard let number = boot.helperCount else { throw Problem("\(boot) has no count: \(boot.script?.output ?? "")") }
      return number
    }
    var instructions: [Entrance: Int] = [:]
    for entrance in Entrance.allCases { instructions[entrance] = try await helper(.instructions, entrance) }
    return BenchWork(generatorInstructions: try await ofGenerator(), helperInstructions: instructions, helperCalls: try await helper(.calls))
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
    guard let number = Callgrind.count(in: output) else { throw Problem("callgrind says no number: \(output)") }
    return number
  }

  var table: String {
    func grouped(_ number: Int?) -> String { (number ?? 0).formatted(.number.locale(.init(identifier: "en"))) }
    return """
      | | |
      |---|---|
      | preroot-generator, a staged boot | \(grouped(generatorInstructions)) instructions |
      | overlay-prep, preroot=tmpfs | \(grouped(helperInstructions[.stageOne])) instructions, about \(helperCalls) system calls |
      | overlay-prep, preroot=tmpfs, as PID 1 | \(grouped(helperInstructions[.firstProcess])) instructions |

      """
  }
}
