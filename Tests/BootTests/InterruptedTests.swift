// SPDX-License-Identifier: MIT
import Bed
import Testing

/// After the pivot there is no way back: the boot has to continue.
@Suite("Interruptions after the pivot")
struct InterruptedTests {
  /// The helper's first call of PID 1, the reload, and a call after it.
  static let ends: [(leg: Leg, method: String, fate: CallFate)] = [
    (.container, "StartUnit", .killed), (.kernel(.squashfs), "Reload", .killed), (.container, "LoadUnit", .killed),
    (.container, "StartUnit", .refused),
  ]

  @Test("A boot reaches its target on the overlay if the helper dies after the pivot", arguments: ends)
  func survivesItsHelper(leg: Leg, method: String, fate: CallFate) async throws {
    let boot = try await Machine(leg, Tree.lean.having(calls: method, fate), "preroot=tmpfs").boot()
    #expect(boot.state == "degraded")
    #expect(boot.failedUnits == ["overlay-prep.service"])
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.consoleFailures.filter { !$0.contains("Root File System") && !$0.contains("age of the Boot") } == [])
  }

  /// The pivot would pull the root out from under the processes of a running machine.
  @Test("systemctl cannot start overlay-prep.service")
  func isNotStartedByHand() async throws {
    let tree = Tree.lean.running("systemctl start overlay-prep.service 2>&1; echo \"status $?\"; systemctl restart overlay-prep.service 2>&1; echo \"status $?\"")
    let boot = try await Machine(.container, tree, "preroot=tmpfs").boot()
    let output = try #require(boot.script?.output)
    #expect(output.matches(of: #/Operation refused, unit overlay-prep.service may be requested by dependency only/#).count == 2, "\(output)")
    #expect(output.matches(of: #/status [1-9]/#).count == 2, "\(output)")
    #expect(boot.state == "running")
    #expect(boot.unitsStartedAgain == [])
  }

  static let refusals: [(leg: Leg, words: [String])] = [(.kernel(.squashfs), []), (.container, ["3"])]

  @Test("A boot reaches its target with the old units if PID 1 refuses to reload", arguments: refusals)
  func survivesRefusal(leg: Leg, words: [String]) async throws {
    var machine = Machine(leg, try await Tree.lean.having(calls: "Reload", .refused))
    machine.words = ["preroot=tmpfs"] + words
    let boot = try await machine.boot()
    // With the word 3 this name still leads to stage 1, along with its Wants=: overlay-prep.target keeps the alias.
    #expect(boot.units.values.contains { $0.names.contains("multi-user.target") && $0.activeState == "active" })
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.units["dbus.service"]?.activeState == "active" || boot.units["dbus.socket"]?.activeState == "active")
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    // A container has no kernel log, and there is no journal at that time.
    if leg != .container {
      #expect(boot.journal.entries(by: "preroot").count { $0.priority <= 3 && $0.message.contains("PID 1 refuses to reload") } == 3)
    }
  }
}
