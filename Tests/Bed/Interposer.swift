// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// How a call of the helper to PID 1 ends in a machine under test.
public enum CallFate: Sendable {
  /// The helper dies by SIGKILL before it is made.
  case killed
  /// PID 1 says no, however often it is asked.
  case refused
  /// A command is run just before it is made.
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
  /// The same tree, where the helper's calls of a method of PID 1 end like this: a library is preloaded into it.
  ///
  /// - Throws: ``Problem`` where the library cannot be built.
  public func having(calls method: String, _ fate: CallFate) async throws -> Tree {
    let library = "/usr/lib/bed/interpose.so"
    return with(copyOf: try await Self.interposer(), at: library)
      .with("/etc/systemd/system/overlay-prep.service.d/bed.conf",
            "[Service]\nEnvironment=LD_PRELOAD=\(library) BED_METHOD=\(method) \"BED_FATE=\(fate.text)\"\n")
  }

  private static func interposer() async throws -> FilePath {
    let fingerprint = Fingerprint(try Checkout.bedText("interpose.c"))
    return try await Cache.shared.thing("packages/interpose-\(fingerprint).so") { place in
      try await sh("gcc", "-shared", "-fPIC", "-O1", "-Wall", "-x", "c", Checkout.bedFile("interpose.c").string, "-o", place.string, "-lsystemd", "-ldl")
    }
  }
}
