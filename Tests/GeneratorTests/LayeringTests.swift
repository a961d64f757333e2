// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import Support
import Testing

/// PrerootCore is one module, so the compiler lets any file use any other. But its folders are layers: a file uses only
/// declarations of its own layer and those below it.
private struct Source {
  let folder: String
  let path: String
  /// The code without comments and literals.
  let code: String

  /// All files of PrerootCore.
  static func all() throws -> [Source] {
    let core = Checkout.path.appending(path: "Sources/PrerootCore")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: core.path).filter { $0.hasSuffix(".swift") }.sorted()
    return try paths.map { path in
      Source(folder: path.split(separator: "/").dropLast().joined(separator: "/"), path: path,
             code: try Checkout.text("Sources/PrerootCore/\(path)").withoutCommentsAndLiterals)
    }
  }

  var types: [String] { code.matches(of: #/(?m)^ *(?:(?:@\w+|public|final|indirect|private|fileprivate) )*(?:enum|struct|class|protocol|typealias) ([A-Z]\w*)/#).map { String($0.output.1) } }

  /// The members that the file adds to types which every folder uses.
  var members: [String] {
    var members: [String] = []
    for part in code.split(separator: #/(?m)^(?=extension )/#) where part.contains(#/^extension \[?(?:Text|UInt8|Remark)\b/#) {
      members += part.matches(of: #/(?m)^  (?:(?:@\w+(?:\(\w+\))?|public|static|mutating|borrowing|consuming) )*(?:var|func) (\w+)/#).map { String($0.output.1) }
    }
    return members
  }

  var words: Set<String> { Set(code.matches(of: #/\w+/#).map { String($0.output) }) }
}

extension String {
  fileprivate var withoutCommentsAndLiterals: String {
    replacing(#/(?s)""".*?"""/#, with: "").replacing(#/"(?:[^"\\\n]|\\.)*"/#, with: "").replacing(#/\/\/[^\n]*/#, with: "")
  }
}

@Suite("The core's layers")
struct LayeringTests {
  /// The layers from the bottom up. Executing and Reporting are side by side.
  fileprivate static let floors = ["Ground": 0, "Reading": 1, "Deciding": 2, "Planning": 3, "Executing": 4, "Reporting": 4]

  @Test("Each folder of PrerootCore has a layer")
  func areFolders() throws {
    #expect(try Set(Source.all().map(\.folder)) == Set(Self.floors.keys))
  }

  @Test("PrerootCore imports nothing, and only Ground/Text.swift has unsafe code")
  func arePure() throws {
    let sources = try Source.all()
    #expect(sources.filter { $0.words.contains("import") }.map(\.path) == [])
    #expect(sources.filter { $0.words.contains("unsafe") }.map(\.path) == ["Ground/Text.swift"])
  }

  @Test("A file of PrerootCore uses only its own layer and those below it")
  func useWhatLiesBelow() throws {
    let sources = try Source.all()
    // A name that two folders declare is ambiguous, so the test ignores it.
    var homes: [String: Set<String>] = [:]
    for source in sources { for name in source.types + source.members { homes[name, default: []].insert(source.folder) } }
    let declared = homes.compactMapValues { $0.count == 1 ? $0.first : nil }
    #expect(declared["Text"] == "Ground" && declared["BootMode"] == "Deciding" && declared["OverlayPlan"] == "Planning")

    var uses: [String: [String: Set<String>]] = [:]
    for source in sources {
      for word in source.words {
        guard let home = declared[word], home != source.folder else { continue }
        uses[source.folder, default: [:]][home, default: []].insert(word)
        let isBelow = Self.floors[home]! < Self.floors[source.folder]!
        #expect(isBelow, "\(source.path) uses \(word), which \(home) declares")
      }
    }
    for (folder, targets) in uses.sorted(by: { Self.floors[$0.key]! < Self.floors[$1.key]! }) {
      for (home, names) in targets.sorted(by: { Self.floors[$0.key]! < Self.floors[$1.key]! }) { print("\(folder) -> \(home): \(names.sorted().joined(separator: " "))") }
    }
  }
}
