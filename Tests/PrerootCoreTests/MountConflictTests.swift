// SPDX-License-Identifier: MIT
import CoreSupport
import PrerootCore
import Testing

@Suite("Mounts of the image")
struct MountConflictTests {
  private func conflicts(scope: String = "/", bind: String = "", table: String = "", units: [Text] = []) -> [String] {
    let settings = Settings(assignments("preroot.scope=\(scope) preroot.bind=\(bind)"))
    return MountConflict.all(settings, [FileSystemTable(parsing: Text(utf8: table))], units: units).map(\.text.string)
  }

  @Test("A mount of /etc/fstab excludes a directory of Scope= or Bind= at or below it", arguments: [
    ("LABEL=var /var ext4 defaults 0 2\n", ["Scope=/var is left out: /etc/fstab mounts LABEL=var there; remove it from one of the two"]),
    ("LABEL=var /var/ ext4 defaults,nofail 0 2\n", ["Scope=/var is left out: /etc/fstab mounts LABEL=var there; remove it from one of the two"]),
    ("LABEL=s /srv ext4 defaults\n", ["Bind=/srv/www is left out: /etc/fstab mounts LABEL=s at /srv; remove one of the two"]),
    ("LABEL=var /var ext4 noauto\n", []),
    ("LABEL=var /var ext4 noauto,x-systemd.automount\n", ["Scope=/var is left out: /etc/fstab mounts LABEL=var there; remove it from one of the two"]),
    // systemd mounts a file system below an overlaid directory as usual.
    ("LABEL=log /var/log ext4 defaults\n/dev/root / ext4 ro\n/swap none swap sw\n/dev/x /variable ext4 defaults\n", []),
  ] as [(String, [String])])
  func isInTheWay(table: String, expected: [String]) {
    #expect(conflicts(scope: "/etc:/var", bind: "/srv/www", table: table) == expected)
  }

  @Test("A mount unit excludes a directory of Scope= or Bind= as /etc/fstab does")
  func isUnit() {
    #expect(conflicts(scope: "/var/lib", units: ["/var"]) == ["Scope=/var/lib is left out: var.mount mounts at /var; remove one of the two"])
    #expect(MountConflict.places(Settings(assignments("preroot.scope=/var/lib:/etc preroot.bind=/var/log"))) == ["/var", "/var/lib", "/etc", "/var/log"])
  }

  @Test("Mounts of the image do not conflict with an overlay of the whole root")
  func isLookedFor() {
    #expect(MountConflict.places(Settings()).isEmpty)
    #expect(conflicts(table: "LABEL=var /var ext4 defaults\n") == [])
  }

  @Test("A mount conflict drops only the directory that it is about")
  func costsDirectory() {
    let settings = Settings(assignments("preroot.scope=/etc:/var preroot.bind=/srv"))
    let table = FileSystemTable(parsing: "LABEL=var /var ext4 defaults\nLABEL=srv /srv ext4 defaults\n")
    let rest = settings.without(MountConflict.all(settings, [table], units: []))
    #expect(rest.scope == .directories(["/etc"]))
    #expect(rest.binds.isEmpty)
  }
}
