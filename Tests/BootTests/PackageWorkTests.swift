// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("Packages on the writable root")
struct PackageWorkTests {
  @Test("dpkg installs, upgrades and removes packages on the overlay, even those of the image", arguments: Leg.chosen)
  func succeeds(leg: Leg) async throws {
    // The new version renames a conffile of the image and replaces a directory.
    let old = try await DebianPackage.make("bed-sample", version: "1", files: [
      "/etc/bed-sample/old.conf": "colour=blue\n", "/etc/bed-sample/main.conf": "size=1\n",
      "/usr/share/bed-sample/old/a": "a\n", "/usr/share/bed-sample/old/b": "b\n", "/usr/share/bed-sample/kept": "1\n",
    ])
    let new = try await DebianPackage.make("bed-sample", version: "2", files: [
      "/etc/bed-sample/new.conf": "colour=blue\n", "/etc/bed-sample/main.conf": "size=2\n",
      "/usr/share/bed-sample/new/a": "a\n", "/usr/share/bed-sample/new/b": "b\n", "/usr/share/bed-sample/kept": "2\n",
    ])
    let other = try await DebianPackage.make("bed-other", version: "1", files: ["/opt/bed-other/file": "other\n"])
    let tree = Tree.lean.installing(old).with(copyOf: new, at: "/usr/share/bed/new.deb").with(copyOf: other, at: "/usr/share/bed/other.deb")
      .running("""
        set -ex
        dpkg --install /usr/share/bed/other.deb
        test -f /opt/bed-other/file
        dpkg --install /usr/share/bed/new.deb
        test "$(cat /usr/share/bed-sample/kept)" = 2
        test "$(cat /etc/bed-sample/main.conf)" = size=2
        test -f /usr/share/bed-sample/new/b
        test ! -e /usr/share/bed-sample/old
        mv /usr/share/bed-sample/new /usr/share/bed-sample/newer
        mv /usr/share/bed-sample/newer /usr/share/bed-sample/new
        dpkg --purge bed-sample bed-other
        test ! -e /etc/bed-sample
        test ! -e /usr/share/bed-sample
        test ! -e /opt/bed-other
        # A package of the image itself, which nothing runs.
        dpkg --purge --force-depends logsave
        test ! -e /usr/sbin/logsave
        dpkg --audit
        """)
    let boot = try await Machine(leg, tree, "preroot=tmpfs").boot()
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "The script did not run")")
  }
}
