// SPDX-License-Identifier: MIT
import Bed
import Testing

/// SELinux labels of the image. The kernel of User Mode Linux has no SELinux, so it stores a label as any other attribute, and a process reads what one with
/// SELinux would.
@Suite("Labels of the image")
struct LabelTests {
  private static let labels = ["/": "root_t", "/etc": "etc_t", "/var": "var_t", "/var/lib": "var_lib_t", "/home": "home_root_t"].mapValues { "system_u:object_r:\($0):s0" }
  /// The directories of the layers, and those of the overlay.
  private static let store = "/run/initramfs/preroot/upper"

  private static func tree(reading paths: [String]) -> Tree {
    // 192 is lgetxattr(2) of x86_64.
    labels.reduce(Tree.lean) { $0.labelling($1.key, $1.value) }.noting("""
      mkdir /etc/new.d && touch /etc/new.d/file
      perl -e 'my $name = "security.selinux"; for (@ARGV) { my $label = "-" x 256; my $n = syscall(192, $_, $name, $label, 256); print "$_=", $n < 0 ? "none" : substr($label, 0, $n - 1), "\n" }' \
        \(paths.joined(separator: " "))
      """)
  }

  @Test("The root of the overlay and the layers' tops have the image's labels", arguments: ["tmpfs", "/dev/ubdb"], Entrance.chosen)
  func hasRoots(upper: String, entrance: Entrance) async throws {
    let paths = ["/", "\(Self.store)/upper", "\(Self.store)/work", "/etc", "\(Self.store)/upper/etc", "/var/lib", "\(Self.store)/upper/var/lib", "/home"]
    let boots = try await Machine(keepingOn: .ext4(), Self.tree(reading: paths), "preroot=\(upper)").by(entrance).boots(2)
    for boot in boots {
      expectUpper(upper == "tmpfs" ? "tmpfs" : "ext4", in: boot)
      for path in paths {
        let original = path.replacing(/^.*\/(upper|work)(?=\/|$)/, with: "")
        #expect(boot.told(path) == Self.labels[original.isEmpty ? "/" : original], "\(path) \(boot)")
      }
    }
  }

  @Test("The overlays of directories and their layers have the image's labels", .enabled(if: Suite.areAll, "make check-all"), arguments: ["tmpfs", "/dev/ubdb"])
  func hasDirectories(upper: String) async throws {
    let paths = ["/etc", "\(Self.store)/upper/etc", "\(Self.store)/work/etc", "/var/lib", "\(Self.store)/upper/var", "\(Self.store)/upper/var/lib", "\(Self.store)/work/var/lib"]
    let machine = try await Machine(keepingOn: .ext4(), Self.tree(reading: paths), "preroot=\(upper)", "preroot.scope=/etc:/var/lib")
    for boot in try await machine.boots(2) {
      #expect(boot.mounts["/var/lib"]?.fileSystem == "overlay", "\(boot)")
      for path in paths { #expect(boot.told(path) == Self.labels[path.replacing(/^.*\/(upper|work)(?=\/)/, with: "")], "\(path) \(boot)") }
    }
  }
}
