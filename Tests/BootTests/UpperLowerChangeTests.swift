// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The upper was created over an earlier image.
@Suite("A new image below an upper")
struct UpperLowerChangeTests {
  private static let first = Tree.lean.noting("echo \"release=$(cat /usr/share/release)\"\n")
  /// A disk with an upper that two boots of the first release have used.
  private static let used = Task {
    let disk = try await Disk.ext4()
    let boots = try await Machine(keepingOn: disk, first.release("1")).boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.flatMap(\.remarks) == [])
    #expect(boots.map(\.bootsNoted) == [1, 2])
    return disk
  }

  private func machine(_ policy: String?, by entrance: Entrance) async throws -> (Machine, Disk) {
    let disk = try await Self.used.value.copy()
    let machine = Machine(keepingOn: disk, Self.first.release("2")).by(entrance)
    return (policy.map { machine.with("preroot.on-lower-change=\($0)") } ?? machine, disk)
  }

  @Test("preroot.on-lower-change=keep uses the upper with a new image without a warning", arguments: Entrance.chosen)
  func keeps(entrance: Entrance) async throws {
    let (machine, _) = try await machine("keep", by: entrance)
    let boot = try await machine.boot()
    expectUpper(in: boot)
    #expect(boot.bootsNoted == 3)
    #expect(boot.told("release") == "2")
    #expect(boot.remarks == [])
  }

  @Test("An upper with a new image is used with one warning by default", arguments: Entrance.chosen)
  func warns(entrance: Entrance) async throws {
    let (machine, _) = try await machine(nil, by: entrance)
    let boots = try await machine.boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [3, 4])
    #expect(boots.first?.told("release") == "2")
    // The image is only new in the first of these boots.
    #expect(boots.map(\.remarks.count) == [1, 0])
  }

  @Test("preroot.on-lower-change=reset gives a new image an empty upper", arguments: Entrance.chosen)
  func resets(entrance: Entrance) async throws {
    let (machine, disk) = try await machine("reset", by: entrance)
    let boots = try await machine.boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    try await disk.check()
  }

  @Test("preroot.on-lower-change=new gives each image its own upper", arguments: Entrance.chosen)
  func separates(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    var counts: [Int?] = []
    for release in ["1", "2", "1"] {
      let boot = try await Machine(keepingOn: disk, Self.first.release(release), "preroot.on-lower-change=new").by(entrance).boot()
      expectUpper(in: boot)
      #expect(boot.told("release") == release)
      #expect(boot.remarks == [])
      counts.append(boot.bootsNoted)
    }
    #expect(counts == [1, 1, 2])
    try await disk.check()
  }
}
