// SPDX-License-Identifier: MIT
import Support
import SystemPackage

extension Tree {
  /// The same tree, where the helper runs under a tracer: it dies by SIGKILL before its Nth system call that may change something,
  /// `bed.kill=N` being among the words of the machine. The tracer writes the numbers of these calls to /run/bed/calls; see syscalls(2).
  ///
  /// - Throws: ``Problem`` where the tracer cannot be built.
  public func tracingHelper() async throws -> Tree {
    let fingerprint = Fingerprint(try Checkout.bedText("kill.c"))
    let program = try await Cache.shared.thing("packages/kill-\(fingerprint)") { place in
      // Static: it runs on every suite.
      try await sh("gcc", "-static", "-O1", "-Wall", "-Wextra", "-x", "c", Checkout.bedFile("kill.c").string, "-o", place.string)
    }
    return with(copyOf: program, at: "/usr/lib/bed/kill")
      .with("/etc/systemd/system/overlay-prep.service.d/bed.conf",
            "[Service]\nExecStart=\nExecStart=/usr/lib/bed/kill /usr/lib/preroot/overlay-prep\n")
  }
}
