// SPDX-License-Identifier: MIT
import Bed
import Testing

/// After the pivot there is no way back, only on.
@Suite("A machine whose helper does not get through to PID 1")
struct InterruptedTests {
  /// The first thing asked of PID 1, the reload, and what comes after it.
  static let ends: [(leg: Leg, method: String, fate: CallFate)] = [
    (.container, "StartUnit", .killed), (.kernel(.squashfs), "Reload", .killed), (.container, "LoadUnit", .killed),
    (.container, "StartUnit", .refused),
  ]

  @Test("ends in its default target on the overlay, though the helper is killed or can start nothing", arguments: ends)
  func survivesItsHelper(leg: Leg, method: String, fate: CallFate) async throws {
    let boot = try await Machine(leg, Tree.lean.having(calls: method, fate), "preroot=tmpfs").boot()
    #expect(boot.state == "degraded")
    #expect(boot.failedUnits == ["overlay-prep.service"])
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.consoleFailures.filter { !$0.contains("File System Writable") && !$0.contains("age of the Boot, and Nothing Else") } == [])
  }

  /// In a running machine the pivot would take the root from under everybody.
  @Test("overlay-prep.service cannot be started by hand")
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

  @Test("goes on with the units it has, though PID 1 refuses to load them anew", arguments: refusals)
  func survivesRefusal(leg: Leg, words: [String]) async throws {
    var machine = Machine(leg, try await Tree.lean.having(calls: "Reload", .refused))
    machine.words = ["preroot=tmpfs"] + words
    let boot = try await machine.boot()
    // With the word 3 this name still leads to stage 1, wishes included: overlay-prep.target has the alias for good.
    #expect(boot.units.values.contains { $0.names.contains("multi-user.target") && $0.activeState == "active" })
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.units["dbus.service"]?.activeState == "active" || boot.units["dbus.socket"]?.activeState == "active")
    #expect(boot.state == "running")
    #expect(boot.failedUnits == [])
    #expect(boot.isRootWritable)
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    // A container has no kernel log, and at that time no other.
    if leg != .container {
      #expect(boot.journal.entries(by: "preroot").count { $0.priority <= 3 && $0.message.contains("PID 1 refuses to reload") } == 3)
    }
  }
}
