// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// The headers and libraries of an older distribution, for programs that have to run on it. They are unpacked, not installed.
public enum Sysroot {
  /// The directory for `make SYSROOT=`, or nil if the host's programs run on the suite.
  ///
  /// - Throws: ``Problem`` if a tool is missing or the archive is unreachable.
  public static func path(of suite: Suite) async throws -> FilePath? {
    guard let compiler = suite.olderCompiler else { return nil }
    return try await Cache.shared.thing("sysroot/\(suite)") { place in
      say("bed: unpacking what is needed to build for \(suite), once, a few seconds")
      try await Command("mmdebstrap", ["--quiet", "--variant=extract", "--include=libsystemd-dev,libc6-dev,\(compiler)"]
        + Keyring.options(for: suite) + [suite.name, place.string]).output()
      // Debian's absolute links have to lead below the sysroot.
      try await sh("find", place.string, "-lname", "/*", "-exec", "sh", "-c", #"ln -srfn "$0$(readlink "$1")" "$1""#, place.string, "{}", ";")
    }
  }
}
