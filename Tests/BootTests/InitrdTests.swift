// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// Machines that keep the initrd of their distribution.
@Suite("Boots with an initrd")
struct InitrdTests {
  private func machine(_ maker: InitrdMaker, _ words: [String], _ disks: [Disk] = [], of suite: Suite = .bookworm) async throws -> Machine {
    var machine = Machine(.kernel(.squashfs), Tree(suite).noting(""))
    machine.words = words
    machine.disks = disks
    machine.initramfs = try await maker.initrd(of: suite)
    // The initrd is in memory twice while the kernel unpacks it.
    machine.memoryInMegabytes = 384
    machine.patience = .seconds(120)
    return machine
  }

  private func expectWritable(_ boot: Boot, reaching target: String = "multi-user.target", at location: SourceLocation = #_sourceLocation) {
    #expect(boot.failedUnits == [], "\(boot)", sourceLocation: location)
    #expect(boot.mounts["/"]?.source == "preroot", "\(boot)", sourceLocation: location)
    #expect(boot.isRootWritable, "\(boot)", sourceLocation: location)
    #expect(boot.units[target]?.activeState == "active", "\(boot)", sourceLocation: location)
    #expect(boot.units["systemd-journald.service"]?.activeState == "active", "\(boot)", sourceLocation: location)
    #expect(boot.units["systemd-udevd.service"]?.activeState == "active", "\(boot)", sourceLocation: location)
    #expect(boot.remarks == [], "\(boot)", sourceLocation: location)
    #expect(boot.consoleFailures == [], "\(boot)", sourceLocation: location)
  }

  @Test("A root behind an initrd of initramfs-tools becomes writable", arguments: Entrance.chosen)
  func hasScripts(entrance: Entrance) async throws {
    let boot = try await machine(.initramfsTools, ["preroot=tmpfs"]).by(entrance).boot()
    #expect(boot.state == "running", "\(boot)")
    expectWritable(boot)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.startupCount == 1)
  }

  /// systemd of the initrd executes that of the root, which therefore has a socket already, and --switched-root among its arguments.
  @Test("A root behind an initrd with systemd becomes writable", arguments: Entrance.chosen)
  func hasSystemd(entrance: Entrance) async throws {
    let boot = try await machine(.dracut, ["preroot=tmpfs"]).by(entrance).boot()
    #expect(boot.state == "running", "\(boot)")
    expectWritable(boot)
    if entrance == .stageOne { #expect(boot.file("arguments")?.contains("--switched-root") == true, "The initrd has no systemd: \(boot)") }
  }

  /// The ways to continue the boot: ordering; a condition and a reload; a re-execution, in the second boot on a device.
  @Test("Each way to continue a boot works behind each initrd", .enabled(if: Suite.areAll, "make check-all"), arguments: InitrdMaker.allCases, Suite.chosen.filter { $0 != .jammy && $0 != .noble })
  func continues(maker: InitrdMaker, suite: Suite) async throws {
    expectWritable(try await machine(maker, ["preroot=tmpfs"], of: suite).boot())
    expectWritable(try await machine(maker, ["preroot=tmpfs", "preroot.switch=reload"], of: suite).boot())
    expectWritable(try await machine(maker, ["preroot=tmpfs", "preroot.switch=reexec"], of: suite).boot())
    let machine = try await machine(maker, ["preroot=/dev/ubdb"], [.ext4()], of: suite)
    let boots = try await machine.boots(2) + [machine.by(.firstProcess).boot()]
    for boot in boots { expectWritable(boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2, 3])
    #expect(try await !machine.disks[0].needsRecovery)
  }

  @Test("A reload behind an initrd with systemd masks no unit of a machine that was left alone", .enabled(if: Suite.areAll, "make check-all"))
  func isNotStagedByReload() async throws {
    let generators = "/etc/systemd/system-generators"
    var machine = try await machine(.dracut, [])
    machine.tree = Tree.lean.linking("\(generators)/preroot-generator", to: "/dev/null").running("""
      mount -t tmpfs tmpfs \(generators) && systemctl daemon-reload && ls /run/systemd/generator.early
      systemd-run --quiet --wait touch /run/started && test -e /run/started && systemctl daemon-reexec && ls /run/systemd/generator.early
      systemd-run --quiet --wait touch /run/again && test -e /run/again
      """)
    let boot = try await machine.boot()
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "") \(boot)")
    #expect(boot.script?.output.contains(".d") == false, "\(boot.script?.output ?? "")")
    #expect(boot.journal.entries(by: "preroot-generator").contains { $0.message.contains("has started units before") })
  }
}
