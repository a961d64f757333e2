// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// A program of a distribution that makes its initrd.
public enum InitrdMaker: String, Hashable, Sendable, CaseIterable {
  /// A shell script in busybox or klibc's shell; systemd starts on the root.
  case initramfsTools = "initramfs-tools"
  /// systemd, which hands itself over to the systemd of the root.
  case dracut

  /// The path of a suite's initrd, made unless it is cached. It has no modules, as the bed's kernel has none.
  ///
  /// - Throws: ``Problem`` if the packages are unavailable or their program fails.
  public func initrd(of suite: Suite) async throws -> FilePath {
    try await Cache.shared.thing("packages/initrd-\(rawValue)-\(suite)-\(Fingerprint(commands))") { place in
      say("bed: making an initrd with \(rawValue) of \(suite), once, about a minute")
      try await Command("mmdebstrap", ["--quiet", "--variant=minbase", "--include=systemd,systemd-sysv,udev,kmod,\(rawValue)",
        "--customize-hook=\(commands)", "--customize-hook=download /initrd \(place)", "--format=null"]
        + suite.options + Keyring.options(for: suite) + [suite.name, "/dev/null"]).output()
    }
  }

  /// The kernel of the bed can unpack gzip.
  private var commands: String {
    switch self {
    case .initramfsTools: """
      mkdir -p "$1/lib/modules/6.0.0" "$1/boot" && printf 'COMPRESS=gzip\\nMODULES=list\\n' > "$1/etc/initramfs-tools/conf.d/bed" \
      && echo CONFIG_RD_GZIP=y > "$1/boot/config-6.0.0" && chroot "$1" depmod 6.0.0 && chroot "$1" mkinitramfs -o /initrd 6.0.0
      """
    case .dracut: "chroot \"$1\" dracut --force --no-kernel --no-hostonly --gzip --kver 6.0.0 /initrd"
    }
  }
}
