// SPDX-License-Identifier: MIT
import Support
import SystemPackage

extension Tree {
  /// The same tree with the helper under a tracer. With `bed.kill=N` on the command line, SIGKILL ends the helper before its Nth system
  /// call that can change something. The tracer writes the numbers of these calls to /run/bed/calls; see syscalls(2).
  ///
  /// - Throws: ``Problem`` if the tracer cannot be built.
  public func tracingHelper() async throws -> Tree {
    try await with(copyOf: try await CProgram.program("kill"), at: "/usr/lib/bed/kill").wrappingHelper("exec /usr/lib/bed/kill $helper")
  }

  /// The same tree, where overlay-prep.service runs a shell script, in which `$helper` is the helper. It has no drop-in, as that is a reason
  /// for preroot to hold the units back in another way.
  ///
  /// - Throws: ``Problem`` if preroot cannot be installed.
  public func wrappingHelper(_ script: String) async throws -> Tree {
    let helper = "/usr/lib/preroot/overlay-prep"
    return with(copyOf: FilePath(try await Checkout.installed(for: suite).string + helper), at: "/usr/lib/bed/overlay-prep")
      .with(helper, "#!/bin/sh\nhelper=/usr/lib/bed/overlay-prep\n[ $# = 0 ] || exec $helper \"$@\"\n\(script)\n", mode: 0o755)
  }
}

extension Tree {
  /// The same tree, in which `bed_kill=N` on the command line kills the child of overlay-prep as PID 1 before its Nth call that can change
  /// something. A child that lives writes the number of these calls to /run/bed.calls.
  ///
  /// - Throws: ``Problem`` if the library cannot be built.
  public func killingFirstChild() async throws -> Tree {
    with(copyOf: try await CProgram.library("die", linking: "-ldl"), at: "/usr/lib/bed/die.so").with("/etc/ld.so.preload", "/usr/lib/bed/die.so\n")
  }
}

extension Tree {
  /// The same tree, whose /sbin/init takes openat2(2) from all processes. `/usr/lib/bed/deny --ask` prints what the call says.
  ///
  /// - Throws: ``Problem`` if the program cannot be built.
  public func withoutOpenat2() async throws -> Tree {
    let program = try await CProgram.program("deny")
    return with(copyOf: program, at: "/usr/lib/bed/deny").with(copyOf: program, at: "/usr/sbin/init")
  }
}
