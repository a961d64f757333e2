// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

/// One directory of `Cases`: a machine that differs from the base in one respect, and the files that the shipped generator writes there.
///
///     root/                     files to copy over Cases/base
///     missing                   paths to remove from it, one on each line
///     environment               the generator's environment, one NAME=value on each line
///     before/generator.early/   files that another generator has already written
///     expected/generator/, expected/generator.early/, expected/generator.late/, expected/kmsg
///
/// `PREROOT_WRITE_EXPECTED=1 swift test --filter GoldenTests` regenerates `expected/`, for review with `git diff`. If two
/// cases expect the same files, the later one's directory is a link to the first one's.
struct Case: CustomTestStringConvertible, Sendable {
  let name: String
  var testDescription: String { name }

  static var all: [Case] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: MiniatureMachine.cases.path).filter { $0 != "base" }.sorted().map(Case.init)
    }
  }

  func path(_ file: String) -> String { MiniatureMachine.cases.appending(path: "\(name)/\(file)").path }

  /// The lines of a file of the case, or none if it is missing.
  private func lines(_ file: String) -> [String] {
    ((try? String(contentsOfFile: path(file), encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
  }

  func machine() throws -> MiniatureMachine {
    let machine = try MiniatureMachine()
    try machine.lay(path("root"), over: machine.root)
    for file in lines("missing") { try machine.remove(file) }
    try machine.layOverOutput(path("before"))
    return machine
  }

  var environment: [String: String] {
    var environment: [String: String] = [:]
    for line in lines("environment") {
      let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
      environment[parts[0]] = parts[1]
    }
    return environment
  }

  func expectedTree(_ directory: String) throws -> Tree? {
    let path = URL(filePath: path("expected/\(directory)")).resolvingSymlinksInPath().path
    return FileManager.default.fileExists(atPath: path) ? try Tree(path) : nil
  }

  var expectedLog: String { (try? String(contentsOfFile: path("expected/kmsg"), encoding: .utf8)) ?? "" }
}

@Suite("The shipped generator")
struct GoldenTests {
  static let isWriting = ProcessInfo.processInfo.environment["PREROOT_WRITE_EXPECTED"] != nil

  @Test("The generator writes exactly the expected files for each case", .enabled(if: !isWriting, "The expected files are being written"), arguments: try Case.all)
  func writesWhatIsExpected(golden: Case) throws { try expect(golden, as: nil) }

  @Test("The generator of every architecture writes exactly the expected files for each case", .enabled(if: !isWriting && !Architecture.built.isEmpty, "make check builds the others"),
        arguments: try Architecture.built)
  func writesTheSameOnEach(architecture: Architecture) throws {
    for golden in try Case.all { try expect(golden, as: architecture) }
  }

  private func expect(_ golden: Case, as architecture: Architecture?) throws {
    let machine = try golden.machine()
    let run = try machine.generate(environment: golden.environment, as: architecture)
    #expect(run.status == 0, "\(golden.name)")
    #expect(run.output == "")
    #expect(run.errors == "", "\(golden.name)")
    #expect(try machine.kernelLog == golden.expectedLog, "\(golden.name)")
    for directory in ["generator", "generator.early", "generator.late"] {
      let expected = try golden.expectedTree(directory)
      let actual = try machine.output.below(directory)
      let differences = expected.map { actual.differences(from: $0) } ?? (actual.isEmpty ? "" : "\(actual.nodes.keys.sorted()) is expected nowhere")
      #expect(differences == "", "\(golden.name)")
    }
  }

  @Test("The expected files of all cases are regenerated", .enabled(if: isWriting, "PREROOT_WRITE_EXPECTED is not set"))
  func hasExpectedWritten() throws {
    var first: [(tree: Tree, path: String)] = []
    for golden in try Case.all {
      let machine = try golden.machine()
      #expect(try machine.generate(environment: golden.environment).status == 0)
      try? FileManager.default.removeItem(atPath: golden.path("expected"))
      try FileManager.default.createDirectory(atPath: golden.path("expected"), withIntermediateDirectories: true)
      for (directory, from) in [("generator", machine.normal), ("generator.early", machine.early), ("generator.late", machine.late)] {
        let tree = try machine.output.below(directory)
        let place = "\(golden.name)/expected/\(directory)"
        if tree.isEmpty { continue }
        if let same = first.first(where: { $0.tree == tree }) {
          try FileManager.default.createSymbolicLink(
            atPath: golden.path("expected/\(directory)"), withDestinationPath: "../../\(same.path)")
        } else {
          first.append((tree, place))
          try machine.lay(from, over: golden.path("expected/\(directory)"))
        }
      }
      let log = try machine.kernelLog
      if !log.isEmpty { try log.write(toFile: golden.path("expected/kmsg"), atomically: false, encoding: .utf8) }
    }
  }

  @Test("The generator's files are readable by all and writable only by root")
  func writesReadableFiles() throws {
    let machine = try MiniatureMachine()
    _ = try machine.generate()
    var files = 0
    for name in try FileManager.default.subpathsOfDirectory(atPath: machine.early) {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(machine.early)/\(name)")
      guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
      files += 1
      #expect(attributes[.posixPermissions] as? Int == 0o644, "\(name)")
    }
    #expect(files > 30)
  }

  @Test("The generator changes nothing on the machine except the kernel log")
  func leavesMachineAlone() throws {
    let machine = try MiniatureMachine()
    let before = try Tree(machine.root)
    _ = try machine.generate()
    #expect(try Tree(machine.root).differences(from: before).hasPrefix("dev/kmsg: "))
    #expect(try Tree(machine.root).differences(from: before).split(separator: "\n").count == 3)
  }

  @Test("The generator writes the same files when it runs again, as in a reload")
  func writesTheSameAgain() throws {
    let one = try MiniatureMachine(), two = try MiniatureMachine()
    _ = try one.generate()
    _ = try two.generate()
    #expect(try one.output == two.output)
  }
}
