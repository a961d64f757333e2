// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("Devices that share a name")
struct DeviceChoiceTests {
  private struct Candidate {
    var path: String
    var hasType = false
    var isOnRootDisk = false
    var isRemovable = false
  }

  private func choice(among candidates: [Candidate]) -> DeviceChoice {
    DeviceChoice(
      among: candidates.map { Text(utf8: $0.path) },
      weights: candidates.map { DeviceChoice.weight(hasType: $0.hasType, isOnRootDisk: $0.isOnRootDisk, isRemovable: $0.isRemovable) })
  }

  private static let table: [(candidates: [Candidate], used: String?, others: [String])] = [
    ([], nil, []),
    ([.init(path: "a")], "a", []),
    ([.init(path: "a", isRemovable: true)], "a", []),
    ([.init(path: "a"), .init(path: "b")], nil, ["a", "b"]),
    ([.init(path: "a", isRemovable: true), .init(path: "b", isRemovable: true)], nil, ["a", "b"]),
    ([.init(path: "a", isRemovable: true), .init(path: "b")], "b", ["a"]),
    ([.init(path: "a"), .init(path: "b", isRemovable: true)], "a", ["b"]),
    ([.init(path: "a"), .init(path: "b", isOnRootDisk: true)], "b", ["a"]),
    // The root itself is on a stick.
    ([.init(path: "a"), .init(path: "b", isOnRootDisk: true, isRemovable: true)], "b", ["a"]),
    ([.init(path: "a", isOnRootDisk: true), .init(path: "b", isOnRootDisk: true), .init(path: "c")], nil, ["a", "b", "c"]),
    ([.init(path: "a", hasType: true, isRemovable: true), .init(path: "b", isOnRootDisk: true)], "a", ["b"]),
    ([.init(path: "a", hasType: true, isRemovable: true), .init(path: "b", hasType: true), .init(path: "c", isOnRootDisk: true)], "b", ["a", "c"]),
    ([.init(path: "a"), .init(path: "b", isRemovable: true), .init(path: "c")], nil, ["a", "b", "c"]),
  ]

  @Test("FSType=, then the root's disk, then not being removable select one of several devices")
  func areChosen() {
    for (candidates, used, others) in Self.table {
      for order in [candidates, candidates.reversed()] {
        let choice = choice(among: order)
        #expect(choice.device?.string == used, "\(order)")
        #expect(choice.others.map(\.string).sorted() == others, "\(order)")
      }
    }
  }

  @Test("A log line lists all devices that match, and says how to select one")
  func areNamed() {
    let advice = "; a path, PARTUUID= or FSType= selects one"
    #expect(choice(among: []).sentence == nil)
    #expect(choice(among: [.init(path: "a")]).sentence == nil)
    #expect(choice(among: [.init(path: "a"), .init(path: "b")]).sentence?.string == "matches more than one device: a, b" + advice)
    let decided = choice(among: [.init(path: "a"), .init(path: "b", isOnRootDisk: true), .init(path: "c")])
    #expect(decided.sentence?.string == "matches more than one device: b is used, a, c ignored" + advice)
    // Another device has appeared.
    #expect(decided.keeping("a").sentence?.string == "matches more than one device: a is used, c, b ignored" + advice)
    #expect(choice(among: [.init(path: "a"), .init(path: "b")]).keeping("b").sentence?.string == "matches more than one device: b is used, a ignored" + advice)
    #expect(choice(among: [.init(path: "a")]).keeping("a").sentence == nil)
  }
}
