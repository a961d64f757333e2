// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// The headers and libraries of an older distribution, for programs that are to run on it: they are unpacked, nothing is installed.
public enum Sysroot {
  /// The directory for `make SYSROOT=`; nil where the programs of this host run on the suite as they are.
  ///
  /// - Throws: ``Problem`` where a tool is missing, or the archive cannot be reached.
  public static func path(of suite: Suite) async throws -> FilePath? {
    guard let compiler = suite.olderCompiler else { return nil }
    return try await Cache.shared.thing("sysroot/\(suite)") { place in
      say("bed: unpacking what is needed to build for \(suite), once, a few seconds")
      try await Command("mmdebstrap", ["--quiet", "--variant=extract", "--include=libsystemd-dev,libc6-dev,\(compiler)"]
        + Keyring.options(for: suite) + [suite.name, place.string]).output()
      // Debian's links lead from the root of the machine. Here they are to lead from the sysroot.
      try await sh("find", place.string, "-lname", "/*", "-exec", "sh", "-c", #"ln -srfn "$0$(readlink "$1")" "$1""#, place.string, "{}", ";")
    }
  }
}
