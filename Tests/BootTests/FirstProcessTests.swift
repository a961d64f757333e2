// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("overlay-prep as PID 1")
struct FirstProcessTests {
  @Test("makes the root writable before systemd is executed", arguments: Leg.each)
  func isWritable(leg: Leg) async throws {
    let boot = try await Machine(leg, .lean, "preroot=tmpfs").by(.firstProcess).sharedBoot()
    #expect(boot.state == "running", "\(boot)")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.isRootWritable)
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.consoleFailures == [])
    // Nothing was read from the image.
    #expect(boot.unitsBegun.filter { $0.hasPrefix("overlay-prep") } == [])
    let other = try await Machine(leg, .lean, "preroot=tmpfs").sharedBoot()
    #expect(boot.mounts.normalised == other.mounts.normalised)
  }
}
