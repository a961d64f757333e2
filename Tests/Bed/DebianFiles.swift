// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// Files of Debian's packages, to copy over a tree or to run on the host. Their maintainer scripts do not run.
public enum DebianFiles {
  /// cryptsetup, with the libraries that the base tree lacks.
  ///
  /// - Throws: ``Problem`` if a package is unavailable.
  public static func cryptsetup() async throws -> FilePath { try await files(of: ["cryptsetup-bin", "libpopt0"]) }

  /// NFS-Ganesha, an NFS server that needs nothing of the host's kernel, with the libraries that few hosts have. Its package would start it.
  static func ganesha() async throws -> FilePath {
    try await files(of: ["nfs-ganesha", "nfs-ganesha-vfs", "libntirpc4.3", "liburcu8", "libwbclient0", "libnfsidmap1", "libbsd0", "libmd0"])
  }

  private static func files(of packages: [String]) async throws -> FilePath {
    let fingerprint = Fingerprint(packages.joined(separator: " "))
    return try await Cache.shared.thing("packages/\(packages[0])-\(fingerprint)") { place in
      let work = FilePath(place.string + ".apt")
      let apt = try await PrivateApt(suite: "bookworm", below: work)
      for package in packages { try await sh("dpkg-deb", "--extract", try await apt.download(package).string, "\(work)/root") }
      // In the base tree /sbin and /lib are links to these.
      try await sh("sh", "-euc", """
        mkdir -p "$2/usr/bin" "$2/usr/sbin" "$2/usr/lib"
        for directory in bin sbin lib; do
          for from in "$1/$directory" "$1/usr/$directory"; do [ ! -d "$from" ] || cp -a "$from/." "$2/usr/$directory/"; done
        done
        """, "sh", "\(work)/root", place.string)
      try await sh("rm", "-rf", work.string)
    }
  }
}
