import Bed
import Testing

/// Whatever fails, the machine boots on, read-only, and says why.
@Suite("A machine whose root cannot be made writable")
struct FailureTests {
  struct Failure: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var leg = Leg.kernel(.squashfs)
    var tree = Tree.lean
    var words = ["preroot=tmpfs"]
    /// What the log says, among other words.
    let says: String
  }

  private static let helper = "/usr/lib/preroot/overlay-prep"

  static let failures: [Failure] = [
    Failure(testDescription: "as the kernel has no overlayfs", leg: .kernel(.ext4, .packaged), says: "overlay"),
    Failure(testDescription: "as the upper has no space", words: ["preroot=tmpfs:size=4k"], says: "space"),
    Failure(testDescription: "as a directory of its scope is missing", words: ["preroot=tmpfs", "preroot.scope=/etc:/no/such"], says: "/no/such"),
    Failure(testDescription: "as the helper fails", tree: .lean.linking(helper, to: "/bin/false"), says: "overlay-prep.service: Failed"),
    Failure(testDescription: "as the helper crashes", tree: .lean.with(helper, "#!/bin/sh\nkill -SEGV $$\n", mode: 0o755), says: "overlay-prep.service: Failed"),
    Failure(testDescription: "as the helper cannot be run", tree: .lean.with(helper, "no program\n"), says: "overlay-prep.service: Failed"),
  ]

  @Test("boots read-only and says why", arguments: failures)
  func bootsReadOnly(failure: Failure) async throws {
    var machine = Machine(failure.leg, failure.tree)
    machine.words = failure.words
    let boot = try await machine.boot()
    let plain = try await Machine(failure.leg, Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.state == "degraded")
    #expect(boot.failedUnits.contains("overlay-prep.service"))
    #expect(boot.failedUnits.filter { $0 != "overlay-prep.service" } == plain.failedUnits)
    #expect(!boot.isRootWritable)
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    #expect(boot.startupCount == 1)
    let errors = boot.journal.entries.filter { $0.priority <= 4 && $0.message.lowercased().contains(failure.says.lowercased()) }
    #expect(!errors.isEmpty, "No line of the journal says '\(failure.says)'")
  }

  @Test("boots as ever where the helper is not installed")
  func needsItsHelper() async throws {
    let boot = try await Machine(.kernel(.squashfs), .lean.without(Self.helper), "preroot=tmpfs").boot()
    let plain = try await Machine(.kernel(.squashfs), Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.failedUnits.filter { !$0.contains("overlay-prep") } == plain.failedUnits)
    #expect(boot.units["multi-user.target"]?.activeState == "active")
    #expect(boot.journal.entries.contains { $0.priority <= 4 && $0.message.contains(Self.helper) }, "Nobody says that the helper is missing")
  }
}
