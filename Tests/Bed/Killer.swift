import SystemPackage

/// One system call of the helper, as the bed's tracer saw it.
public struct SystemCall: Hashable, Sendable {
  /// See syscalls(2); of x86-64.
  public let number: Int
  /// Whether the kernel, a file system or another process may be other than before.
  public let changes: Bool

  /// The calls in a file of the tracer's.
  public static func list(_ text: String) -> [SystemCall] {
    text.split(separator: "\n").compactMap { line in
      let numbers = line.split(separator: " ").compactMap { Int($0) }
      return numbers.count == 2 ? SystemCall(number: numbers[0], changes: numbers[1] == 1) : nil
    }
  }
}

extension Tree {
  /// The same tree, where the helper runs under a tracer: it dies by SIGKILL before its Nth system call, `bed.kill=N` being among the words
  /// of the machine. The tracer writes the calls to /run/bed/calls.
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
