// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// What is counted of a program.
public enum Count: String, Hashable, Sendable {
  case calls, instructions
}

extension Tree {
  /// The same tree, where the helper runs under a counter; see ``Boot/helperCount``.
  ///
  /// - Throws: ``Problem`` where the counter cannot be built.
  public func counting(_ count: Count) async throws -> Tree {
    let fingerprint = Fingerprint(try Checkout.bedText("count.c"))
    let program = try await Cache.shared.thing("packages/count-\(fingerprint)") { place in
      // Static: it runs on every suite.
      try await sh("gcc", "-static", "-O1", "-Wall", "-Wextra", "-x", "c", Checkout.bedFile("count.c").string, "-o", place.string)
    }
    return with(copyOf: program, at: "/usr/lib/bed/count")
      .with("/etc/systemd/system/overlay-prep.service.d/bed.conf",
            "[Service]\nExecStart=\nExecStart=/usr/lib/bed/count /run/bed/count \(count.rawValue) /usr/lib/preroot/overlay-prep\n")
      .running("cat /run/bed/count")
  }
}

extension Boot {
  /// How many system calls the helper made, or instructions it executed: what ``Tree/counting(_:)`` asked for.
  public var helperCount: Int? { script.flatMap { Int($0.output.trimmingCharacters(in: .whitespacesAndNewlines)) } }
}
