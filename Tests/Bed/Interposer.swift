// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// The fate of a call from the helper to PID 1.
public enum CallFate: Sendable {
  /// SIGKILL ends the helper before the call.
  case killed
  /// PID 1 always refuses the call.
  case refused
  /// A command runs just before the call.
  case after(String)

  var text: String {
    switch self {
    case .killed: "killed"
    case .refused: "refused"
    case .after(let command): command
    }
  }
}

extension Tree {
  /// The same tree with a preloaded library that gives the helper's calls of a method of PID 1 this fate.
  ///
  /// - Throws: ``Problem`` if the library cannot be built.
  public func having(calls method: String, _ fate: CallFate) async throws -> Tree {
    let library = "/usr/lib/bed/interpose.so"
    return with(copyOf: try await CProgram.library("interpose", linking: "-lsystemd", "-ldl"), at: library)
      .with("/etc/systemd/system/overlay-prep.service.d/bed.conf",
            "[Service]\nEnvironment=LD_PRELOAD=\(library) BED_METHOD=\(method) \"BED_FATE=\(fate.text)\"\n")
  }
}
