// SPDX-License-Identifier: MIT
import Foundation

/// The output of `swift package dump-package`, so that Package.swift remains the only list of targets and flags.
struct Manifest: Decodable {
  struct Target: Decodable {
    let name: String
    let path: String?
    let dependencies: [Dependency]
    let settings: [Setting]

    var directory: String { path ?? "Sources/\(name)" }
  }

  /// `{ "byName": ["PrerootCore", null] }`; the tests' libraries are products of other packages.
  struct Dependency: Decodable {
    let name: String?

    init(from decoder: any Decoder) throws {
      var list = try? decoder.container(keyedBy: Key.self).nestedUnkeyedContainer(forKey: .byName)
      name = try list?.decode(String.self)
    }

    enum Key: String, CodingKey { case byName }
  }

  struct Setting: Decodable {
    struct Condition: Decodable { let traits: [String]? }
    struct One: Decodable { let _0: String }
    struct Many: Decodable { let _0: [String] }
    struct Nothing: Decodable {}
    struct Kind: Decodable {
      let unsafeFlags: Many?
      let enableExperimentalFeature: One?
      let enableUpcomingFeature: One?
      let strictMemorySafety: Nothing?
    }

    let tool: String
    let condition: Condition?
    let kind: Kind
  }

  let targets: [Target]

  func target(_ name: String) throws -> Target {
    guard let target = targets.first(where: { $0.name == name }) else { throw Problem("Package.swift has no target '\(name)'") }
    return target
  }

  /// Returns the Swift libraries that a target links, each after its dependencies.
  func libraries(of target: Target) throws -> [Target] {
    var found: [Target] = []
    for name in target.dependencies.compactMap(\.name) where !name.hasPrefix("C") {
      let library = try self.target(name)
      for needed in try libraries(of: library) + [library] where !found.contains(where: { $0.name == needed.name }) { found.append(needed) }
    }
    return found
  }
}

extension Manifest.Target {
  /// Returns the flags of a tool, `swift`, `c` or `linker`, with these traits.
  func flags(of tool: String, traits: Set<String>) throws -> [String] {
    try settings.filter { $0.tool == tool && $0.condition.map { !traits.isDisjoint(with: $0.traits ?? []) } ?? true }.flatMap { setting throws -> [String] in
      if let flags = setting.kind.unsafeFlags { return flags._0 }
      if let feature = setting.kind.enableExperimentalFeature { return ["-enable-experimental-feature", feature._0] }
      if let feature = setting.kind.enableUpcomingFeature { return ["-enable-upcoming-feature", feature._0] }
      if setting.kind.strictMemorySafety != nil { return ["-strict-memory-safety"] }
      throw Problem("Package.swift has a setting of '\(name)' that is not known here")
    }
  }
}

/// The reason for a failed build, in one line.
struct Problem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
