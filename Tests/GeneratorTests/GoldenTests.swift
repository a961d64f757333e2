// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// One directory of `Cases`: a machine that has one thing special, and what the shipped generator must write for it.
///
///     root/                     laid over Cases/base
///     missing                   what is taken away from it, a path a line
///     environment               NAME=value, a variable a line: what systemd tells its generators
///     before/generator.early/   what another generator has written already
///     expected/generator/, expected/generator.early/, expected/generator.late/, expected/kmsg
///
/// `PREROOT_WRITE_EXPECTED=1 swift test --filter GoldenTests` writes `expected/` anew, for review with `git diff`. Where two
/// cases expect the same, the later one's directory is a link to the first one's.
struct Case: CustomTestStringConvertible, Sendable {
  let name: String
  var testDescription: String { name }

  static var all: [Case] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: MiniatureMachine.cases.path).filter { $0 != "base" }.sorted().map(Case.init)
    }
  }

  func path(_ file: String) -> String { MiniatureMachine.cases.appending(path: "\(name)/\(file)").path }

  /// The lines of one of its files; none where it is absent.
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

  @Test("writes exactly what is expected", .enabled(if: !isWriting, "The expected files are being written"), arguments: try Case.all)
  func writesWhatIsExpected(golden: Case) throws { try expect(golden, as: nil) }

  @Test("writes the same on every architecture", .enabled(if: !isWriting && !Architecture.built.isEmpty, "make check builds the others"),
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

  @Test("has its expected files written anew", .enabled(if: isWriting, "PREROOT_WRITE_EXPECTED is not set"))
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

  @Test("writes files that anybody may read and only root write")
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
    #expect(files == 8)
  }

  @Test("leaves the machine itself as it was, but for a line in the kernel's log")
  func leavesMachineAlone() throws {
    let machine = try MiniatureMachine()
    let before = try Tree(machine.root)
    _ = try machine.generate()
    #expect(try Tree(machine.root).differences(from: before).hasPrefix("dev/kmsg: "))
    #expect(try Tree(machine.root).differences(from: before).split(separator: "\n").count == 3)
  }

  @Test("writes the same when it is run again into new directories, as at a reload")
  func writesTheSameAgain() throws {
    let one = try MiniatureMachine(), two = try MiniatureMachine()
    _ = try one.generate()
    _ = try two.generate()
    #expect(try one.output == two.output)
  }
}
