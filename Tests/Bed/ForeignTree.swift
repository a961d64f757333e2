// SPDX-License-Identifier: MIT
import Support
import SystemPackage

/// The root of a minimal Debian for another processor. The bed unpacks the packages and cannot run their programs, so it does the work of
/// their scripts itself.
enum ForeignTree {
  private static let packages = "base-files,base-passwd,bash,busybox,coreutils,dash,dbus,diffutils,dpkg,findutils,grep,hostname,kmod,libc-bin,login,mawk,mount,sed,systemd,systemd-sysv,tar,udev,util-linux"

  private static let configuration = """
    cd "$1"
    rm -rf usr/share/doc usr/share/man usr/share/locale usr/share/info usr/share/perl5 usr/share/zoneinfo usr/lib/*/gconv usr/lib/apt var/lib/apt var/cache/* etc/cron* boot
    sed 's/^root:[^:]*:/root:x:/' usr/share/base-passwd/passwd.master > etc/passwd
    cp usr/share/base-passwd/group.master etc/group
    printf 'root::19000:0:99999:7:::\\n' > etc/shadow
    chown 0:42 etc/shadow
    chmod 0640 etc/shadow
    systemd-sysusers --root="$PWD"
    ln -sf mawk usr/bin/awk
    ln -sf ../proc/self/mounts etc/mtab
    : > etc/fstab
    echo bed > etc/hostname
    rm -f etc/.pwd.lock etc/*-
    # The small kernels have fewer processes.
    rm -f usr/lib/sysctl.d/50-pid-max.conf
    # Nobody logs in, and on an emulated processor it takes half a minute to forbid itself all that it forbids itself.
    for unit in systemd-logind.service serial-getty@.service; do ln -sf /dev/null etc/systemd/system/$unit; done
    """

  /// Records the packages as installed in dpkg's database, while apt's copies of them are there.
  private static let record = #"""
    cd "$1"
    mkdir -p var/lib/dpkg/info var/lib/dpkg/updates
    for package in var/cache/apt/archives/*.deb; do
      dpkg-deb --field "$package" | sed '1a Status: install ok installed'
      echo
      name=$(dpkg-deb --showformat='${Package}' --show "$package")
      if [ "$(dpkg-deb --field "$package" Multi-Arch)" = same ]; then name=$name:$(dpkg-deb --field "$package" Architecture); fi
      dpkg-deb --fsys-tarfile "$package" | tar -t | sed 's,^\.,,; s,/$,,; s,^$,/.,' > "var/lib/dpkg/info/$name.list"
    done > var/lib/dpkg/status
    """#

  static func path(of architecture: String, _ suite: Suite) async throws -> FilePath {
    let fingerprint = Fingerprint(packages, record, configuration)
    try Cache.shared.tidy("base", keeping: .max)
    return try await Cache.shared.thing("base/\(suite)-\(architecture)-\(fingerprint)") { place in
      say("bed: unpacking the base tree of \(suite) for \(architecture), once, about half a minute")
      try await Command("mmdebstrap", [
        "--quiet", "--variant=extract", "--architectures=\(architecture)", "--setup-hook=/usr/share/mmdebstrap/hooks/merged-usr/setup00.sh",
        "--include=\(packages)", "--extract-hook=\(record)",
        // Only the release: a mirror may have lost step with its updates.
        suite.name, place.string, "deb \(try await PrivateApt.debianMirror()) \(suite) main",
      ]).output()
      try await sh("sh", "-euc", configuration, "sh", place.string)
    }
  }
}
