// SPDX-License-Identifier: MIT
import Support
import SystemPackage

extension Tree {
  /// The same tree with the helper under a tracer. With `bed.kill=N` on the command line, SIGKILL ends the helper before its Nth system
  /// call that can change something. The tracer writes the numbers of these calls to /run/bed/calls; see syscalls(2).
  ///
  /// - Throws: ``Problem`` if the tracer cannot be built.
  public func tracingHelper() async throws -> Tree {
    let fingerprint = Fingerprint(try Checkout.bedText("kill.c"))
    let program = try await Cache.shared.thing("packages/kill-\(fingerprint)") { place in
      // A static program runs on every suite.
      try await sh("gcc", "-static", "-O1", "-Wall", "-Wextra", "-x", "c", Checkout.bedFile("kill.c").string, "-o", place.string)
    }
    return with(copyOf: program, at: "/usr/lib/bed/kill")
      .with("/etc/systemd/system/overlay-prep.service.d/bed.conf",
            "[Service]\nExecStart=\nExecStart=/usr/lib/bed/kill /usr/lib/preroot/overlay-prep\n")
  }
}
