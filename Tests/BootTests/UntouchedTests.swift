// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("preroot=off")
struct UntouchedTests {
  /// The last of several `preroot=` wins, and no other word can enable preroot again.
  static let words = [["preroot=off"], ["preroot=tmpfs", "preroot=no"], ["preroot=0", "preroot.scope=/etc"]]

  @Test("preroot=off boots the machine as if preroot were not installed", arguments: Leg.each, words)
  func isPlain(leg: Leg, words: [String]) async throws {
    try await expectPlainBoot(of: Machine(leg), words)
  }
}

@Suite("Containers without preroot=")
struct ContainerTests {
  @Test("A container without preroot= boots as if preroot were not installed")
  func isPlain() async throws {
    let boot = try await Machine(.container).boot()
    let plain = try await Machine(.container, Tree.lean.withoutPreroot).sharedBoot()
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.unitsActive == plain.unitsActive)
  }
}

@Suite("Machines without preroot=")
struct AutomaticTests {
  @Test("A read-only root becomes writable without preroot= on the command line", arguments: Leg.kernels)
  func isWritable(leg: Leg) async throws {
    let boot = try await Machine(leg).boot()
    #expect(boot.state == "running")
    #expect(boot.mounts["/"]?.source == "preroot")
  }

  @Test("A machine with a writable root boots as if preroot were not installed")
  func isPlain() async throws {
    func machine(_ tree: Tree) -> Machine {
      var machine = Machine(.kernel(.ext4), tree)
      machine.isRootDeviceReadOnly = false
      return machine
    }
    let boot = try await machine(.lean).boot()
    let plain = try await machine(Tree.lean.withoutPreroot).boot()
    #expect(boot.state == plain.state)
    #expect(boot.mounts.normalised == plain.mounts.normalised)
    #expect(boot.unitsActive == plain.unitsActive)
    #expect(boot.unitsBegun == plain.unitsBegun)
    #expect(boot.isRootWritable == plain.isRootWritable)
  }
}

@Suite("Masked units")
struct MaskedTests {
  struct Mask: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var tree = Tree.lean
    var words = ["preroot=tmpfs"]
  }

  private static let unit = "/etc/systemd/system/overlay-prep.service"
  static let masks = [
    Mask(testDescription: "by a link to /dev/null", tree: .lean.linking(unit, to: "/dev/null")),
    Mask(testDescription: "by an empty file", tree: .lean.with(unit, "")),
    Mask(testDescription: "by a word", words: ["preroot=tmpfs", "systemd.mask=overlay-prep.service"]),
  ]

  @Test("A machine with a masked unit boots as if preroot were not installed, and one line says why", arguments: masks)
  func isPlain(mask: Mask) async throws {
    var machine = Machine(.kernel(.squashfs), mask.tree)
    machine.words = mask.words
    let boot = try await machine.boot()
    let plain = try await Machine(.kernel(.squashfs), Tree.lean.withoutPreroot).sharedBoot()
    expectSameBoot(boot, as: plain)
    let lines = boot.journal.entries(by: "preroot-generator")
    #expect(lines.map(\.priority) == [4])
    #expect(lines.first?.message.contains("overlay-prep.service is masked") == true)
  }
}

@Suite("Machines booted without preroot")
struct RunningTests {
  /// The script unmasks the generator, as if somebody had just installed preroot.
  @Test("A reload after the installation of preroot masks no unit of the running machine")
  func isNotStaged() async throws {
    let generators = "/etc/systemd/system-generators"
    let tree = Tree.lean.linking("\(generators)/preroot-generator", to: "/dev/null").running("""
      mount -t tmpfs tmpfs \(generators) && systemctl daemon-reload && ls /run/systemd/generator.early
      systemd-run --quiet --wait touch /run/started && test -e /run/started
      """)
    let boot = try await Machine(.kernel(.squashfs), tree).boot()
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "")")
    #expect(boot.script?.output.contains(".d") == false, "\(boot.script?.output ?? "")")
    #expect(boot.journal.entries(by: "preroot-generator").contains { $0.message.contains("has started units before") })
  }
}

/// Boots the machine and expects the boot of the image without preroot.
func expectPlainBoot(of machine: Machine, _ words: [String], _ location: SourceLocation = #_sourceLocation) async throws {
  var machine = machine
  machine.words = words
  let boot = try await machine.boot()
  let plain = try await Machine(machine.leg, Tree.lean.withoutPreroot).sharedBoot()
  expectSameBoot(boot, as: plain, location)
  #expect(!boot.isRootWritable, sourceLocation: location)
}

/// Expects the same units and mounts as without preroot.
func expectSameBoot(_ boot: Boot, as plain: Boot, _ location: SourceLocation = #_sourceLocation) {
  #expect(boot.state == plain.state, sourceLocation: location)
  #expect(boot.failedUnits == plain.failedUnits, sourceLocation: location)
  #expect(boot.mounts.normalised == plain.mounts.normalised, sourceLocation: location)
  #expect(boot.unitsActive == plain.unitsActive, sourceLocation: location)
  #expect(boot.unitsBegun == plain.unitsBegun, sourceLocation: location)
}
