// SPDX-License-Identifier: MIT
import Foundation
import Support

/// A root directory with the files that the generator reads: `Cases/base`, the shipped units, and a test's own files over them.
struct MiniatureMachine {
  private let directory: Temporary
  let root: String
  /// The three directories that systemd gives a generator.
  let normal, early, late: String

  static let cases = Checkout.path.appending(path: "Tests/GeneratorTests/Cases")

  init() throws {
    directory = try Temporary()
    root = directory.path("root")
    normal = directory.path("out/generator")
    early = directory.path("out/generator.early")
    late = directory.path("out/generator.late")
    for path in [root, normal, early, late] { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    try lay(Self.cases.appending(path: "base").path, over: root)
    try write("usr/lib/preroot/overlay-prep", "")
    try FileManager.default.createDirectory(atPath: "\(root)/usr/lib/systemd", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Checkout.path.appending(path: "generator/units").path, toPath: "\(root)/usr/lib/systemd/system")
  }

  /// Copies a tree over a directory, and links as links.
  func lay(_ tree: String, over directory: String) throws {
    guard FileManager.default.fileExists(atPath: tree) else { return }
    _ = try Run.tool("cp", "-dRT", "--remove-destination", tree, directory, package: "coreutils")
  }

  /// Copies a tree over the three directories, as if another generator had written it.
  func layOverOutput(_ tree: String) throws { try lay(tree, over: directory.path("out")) }

  func write(_ file: String, _ contents: String) throws {
    let url = URL(filePath: "\(root)/\(file)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try contents.write(to: url, atomically: false, encoding: .utf8)
  }

  func link(_ file: String, to target: String) throws {
    let url = URL(filePath: "\(root)/\(file)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
  }

  func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: "\(root)/\(file)") }

  /// Runs the shipped generator on the machine, that of another architecture in its emulator.
  func generate(environment: [String: String] = [:], as architecture: Architecture? = nil) throws -> Run {
    let environment = environment.merging(["PREROOT_ROOT": root]) { _, mine in mine }
    if let architecture { return try architecture.run("preroot-generator", [normal, early, late], environment: environment) }
    return try Run(Checkout.ships("preroot-generator"), [normal, early, late], environment: environment)
  }

  /// The generator's lines in the kernel log, with PID in place of its process ID.
  var kernelLog: String {
    get throws {
      guard let log = try? String(contentsOfFile: "\(root)/dev/kmsg", encoding: .utf8) else { return "" }
      return log.replacing(#/\[[0-9]+\]: /#, with: "[PID]: ")
    }
  }

  var output: Tree { get throws { try Tree(directory.path("out")) } }
}

/// The contents of a directory: a description of each node by its path.
struct Tree: Equatable {
  private(set) var nodes: [String: String] = [:]

  init(_ directory: String) throws {
    for name in try FileManager.default.subpathsOfDirectory(atPath: directory) {
      let path = "\(directory)/\(name)"
      let type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
      switch type {
      case .typeSymbolicLink: nodes[name] = "-> \(try FileManager.default.destinationOfSymbolicLink(atPath: path))"
      case .typeDirectory: nodes[name] = try FileManager.default.contentsOfDirectory(atPath: path).isEmpty ? "an empty directory" : nil
      default: nodes[name] = "a file:\n\(try String(contentsOfFile: path, encoding: .utf8))"
      }
    }
  }

  /// The part of the tree below one of its directories.
  func below(_ directory: String) -> Tree {
    var tree = self
    tree.nodes = [:]
    for (name, node) in nodes where name.hasPrefix("\(directory)/") { tree.nodes[String(name.dropFirst(directory.count + 1))] = node }
    return tree
  }

  var isEmpty: Bool { nodes.isEmpty }

  /// The nodes that differ between the two trees, one on each line.
  func differences(from expected: Tree) -> String {
    Set(nodes.keys).union(expected.nodes.keys).sorted().compactMap { name in
      if nodes[name] == expected.nodes[name] { return nil }
      return "\(name): is \(nodes[name] ?? "absent"), expected \(expected.nodes[name] ?? "absent")"
    }.joined(separator: "\n")
  }
}
