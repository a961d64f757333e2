import Bed
import Testing

@Suite("preroot=off")
struct UntouchedTests {
  /// What switches it off: of several words the last one counts, and no other word can switch it on again.
  static let words = [["preroot=off"], ["preroot=tmpfs", "preroot=no"], ["preroot=0", "preroot.scope=/etc"]]

  @Test("leaves the boot that the image has without preroot", arguments: Leg.each, words)
  func isPlain(leg: Leg, words: [String]) async throws {
    var machine = Machine(leg)
    machine.words = words
    let boot = try await machine.boot()
    let plain = try await Machine(leg, Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.state == plain.state)
    #expect(boot.failedUnits == plain.failedUnits)
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.unitsActive == plain.unitsActive)
    #expect(boot.unitsBegun == plain.unitsBegun)
    #expect(!boot.isRootWritable)
  }
}

@Suite("A container without preroot= among its words")
struct ContainerTests {
  @Test("is left alone: its root is the host's affair")
  func isPlain() async throws {
    let boot = try await Machine(.container).boot()
    let plain = try await Machine(.container, Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.unitsActive == plain.unitsActive)
  }
}

@Suite("A machine without preroot= among its words")
struct AutomaticTests {
  @Test("is made writable, as its root cannot be written", arguments: Leg.kernels)
  func isWritable(leg: Leg) async throws {
    let boot = try await Machine(leg).boot()
    #expect(boot.state == "running")
    #expect(boot.mounts["/"]?.source == "preroot")
  }
}
