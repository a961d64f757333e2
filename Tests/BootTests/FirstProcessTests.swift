// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("overlay-prep as PID 1")
struct FirstProcessTests {
  @Test("overlay-prep as PID 1 makes the root writable before it executes systemd", arguments: Leg.each)
  func isWritable(leg: Leg) async throws {
    let boot = try await Machine(leg, .lean, "preroot=tmpfs").by(.firstProcess).sharedBoot()
    #expect(boot.state == "running", "\(boot)")
    #expect(boot.failedUnits == [])
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.isRootWritable)
    #expect(boot.startupCount == 1)
    #expect(boot.unitsStartedAgain == [])
    #expect(boot.consoleFailures == [])
    // systemd never loaded units from the image.
    #expect(boot.unitsBegun.filter { $0.hasPrefix("overlay-prep") } == [])
    let other = try await Machine(leg, .lean, "preroot=tmpfs").sharedBoot()
    #expect(boot.mounts.normalised == other.mounts.normalised)
  }
}
