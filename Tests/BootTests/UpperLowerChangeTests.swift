// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The image is another one, and the upper was made over the one before.
@Suite("A new image below an upper")
struct UpperLowerChangeTests {
  private static let first = Tree.lean.noting("echo \"release=$(cat /usr/share/release)\"\n")
  /// An upper over the first release, used twice.
  private static let used = Task {
    let disk = try await Disk.ext4()
    let boots = try await Machine(keepingOn: disk, first.release("1")).boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.flatMap(\.remarks) == [])
    #expect(boots.map(\.bootsNoted) == [1, 2])
    return disk
  }

  private func machine(_ policy: String?) async throws -> (Machine, Disk) {
    let disk = try await Self.used.value.copy()
    let machine = Machine(keepingOn: disk, Self.first.release("2"))
    return (policy.map { machine.with("preroot.on-lower-change=\($0)") } ?? machine, disk)
  }

  @Test("is used with it, without a word, where that is the policy")
  func keeps() async throws {
    let (machine, _) = try await machine("keep")
    let boot = try await machine.boot()
    expectUpper(in: boot)
    #expect(boot.bootsNoted == 3)
    #expect(boot.told("release") == "2")
    #expect(boot.remarks == [])
  }

  @Test("is used with it, with one warning, by default")
  func warns() async throws {
    let (machine, _) = try await machine(nil)
    let boots = try await machine.boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [3, 4])
    #expect(boots.first?.told("release") == "2")
    // It is new once.
    #expect(boots.map(\.remarks.count) == [1, 0])
  }

  @Test("begins with an empty one where that is the policy")
  func resets() async throws {
    let (machine, disk) = try await machine("reset")
    let boots = try await machine.boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    try await disk.check()
  }

  @Test("gets one of its own where that is the policy, and the old image finds its own again")
  func separates() async throws {
    let disk = try await Disk.ext4()
    var counts: [Int?] = []
    for release in ["1", "2", "1"] {
      let boot = try await Machine(keepingOn: disk, Self.first.release(release), "preroot.on-lower-change=new").boot()
      expectUpper(in: boot)
      #expect(boot.told("release") == release)
      #expect(boot.remarks == [])
      counts.append(boot.bootsNoted)
    }
    #expect(counts == [1, 1, 2])
    try await disk.check()
  }
}
