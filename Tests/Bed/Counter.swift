// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// The quantity to count.
public enum Count: String, Hashable, Sendable {
  case calls, instructions
}

extension Tree {
  /// The same tree with the helper under a counter; see ``Boot/helperCount``.
  ///
  /// - Throws: ``Problem`` if the counter cannot be built.
  public func counting(_ count: Count) async throws -> Tree {
    with(copyOf: try await CProgram.program("count"), at: "/usr/lib/bed/count")
      .with("/etc/systemd/system/overlay-prep.service.d/bed.conf",
            "[Service]\nExecStart=\nExecStart=/usr/lib/bed/count /run/bed/count \(count.rawValue) /usr/lib/preroot/overlay-prep\n")
      .running("cat /run/bed/count")
  }
}

extension Boot {
  /// The helper's system calls or instructions, whichever ``Tree/counting(_:)`` counts.
  public var helperCount: Int? { script.flatMap { Int($0.output.trimmingCharacters(in: .whitespacesAndNewlines)) } }
}
