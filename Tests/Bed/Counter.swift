// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// The quantity to count.
public enum Count: Sendable {
  /// System calls, counted by a tracer.
  case calls
  /// Instructions, counted by callgrind.
  case instructions
}

extension Tree {
  /// The same tree with the helper under a counter; see ``Boot/helperCount``.
  ///
  /// - Throws: ``Problem`` if the counter is unavailable.
  public func counting(_ count: Count) async throws -> Tree {
    switch count {
    case .calls:
      with(copyOf: try await CProgram.program("count"), at: "/usr/lib/bed/count")
        .with("/etc/systemd/system/overlay-prep.service.d/bed.conf",
              "[Service]\nExecStart=\nExecStart=/usr/lib/bed/count /run/bed/count /usr/lib/preroot/overlay-prep\n")
        .running("cat /run/bed/count")
    case .instructions: try await Callgrind.under(self).running("cat /run/bed/callgrind.*")
    }
  }
}

extension Boot {
  /// The helper's system calls or instructions, whichever ``Tree/counting(_:)`` counts.
  public var helperCount: Int? {
    script.flatMap { Int($0.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? Callgrind.count(in: $0.output) }
  }
}

/// Valgrind's tool that counts instructions. See valgrind(1).
enum Callgrind {
  /// Returns the number that it prints at the end of a program.
  static func count(in output: String) -> Int? { output.firstMatch(of: #/Collected : ([0-9]+)/#).flatMap { Int($0.output.1) } }

  /// Returns the tree with the host's valgrind, and a script in place of the helper that runs the helper under it.
  ///
  /// As PID 1 the helper executes systemd, and its child ends with a count. The units of the second stage are not counted.
  static func under(_ tree: Tree) async throws -> Tree {
    let tools = "/usr/libexec/valgrind", helper = "/usr/lib/preroot/overlay-prep"
    var tree = tree.with(copyOf: FilePath(try Checkout.ships("overlay-prep")), at: "/usr/lib/bed/overlay-prep")
    for file in ["/usr/bin/valgrind.bin", "\(tools)/callgrind-amd64-linux", "\(tools)/default.supp", "\(tools)/vgpreload_core-amd64-linux.so"] {
      tree = tree.with(copyOf: FilePath(file), at: file)
    }
    // The root is read-only, so valgrind's files are in /run.
    return tree.with(helper, """
      #!/bin/sh
      case $1 in --*) exec /usr/lib/bed/overlay-prep "$@" ;; esac
      mkdir -p /run/bed
      TMPDIR=/run/bed exec /usr/bin/valgrind.bin --tool=callgrind --callgrind-out-file=/dev/null --log-file=/run/bed/callgrind.%p --vgdb=no \\
        /usr/lib/bed/overlay-prep "$@"

      """, mode: 0o755)
  }
}
