// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Support
import Testing

@Suite("The Debian package")
struct DebianPackageTests {
  @Test("lintian finds no error and no warning in the Debian package")
  func isClean() async throws {
    try await DebianPackage.lint(try await DebianPackage.preroot())
  }

  /// lintian compares the programs with the package's architecture.
  @Test("The Debian package for another processor is clean, and names that processor and its libraries", .enabled(if: Suite.areAll, "It takes minutes: make check-all"), .serialized, arguments: ["arm64", "armhf", "i386", "mipsel", "riscv64"])
  func isForeign(architecture: String) async throws {
    let package = try await DebianPackage.preroot(for: architecture)
    try await DebianPackage.lint(package)
    func field(_ name: String) throws -> String { try Run.tool("dpkg-deb", "--field", package.string, name, package: "dpkg").trimmed }
    #expect(try field("Architecture") == architecture)
    let depends = try field("Depends")
    // Debian 12 has libc6 2.36 and systemd 252, Debian 13 2.41 and 257.
    for pattern in [#"libc6 \(>= 2\.[0-9]+\)"#, #"libsystemd0 \(>= 2[0-9]+\)"#, #"systemd \(>= 247\)"#] {
      #expect(try depends.contains(Regex(pattern)), "\(depends)")
    }
    let directory = try Temporary()
    _ = try Run.tool("dpkg-deb", "--extract", package.string, directory.path("tree"), package: "dpkg")
    func kind(_ file: String) throws -> [Substring] {
      try Run.tool("readelf", "-h", file, package: "binutils").split(separator: "\n").filter { $0.contains("Class:") || $0.contains("Machine:") }
    }
    let libc = try #require(try Run.tool("find", Checkout.path.appending(path: ".build/sysroot/\(architecture)/usr/lib").path, "-name", "libc.so.6", package: "findutils").split(separator: "\n").first)
    for program in ["usr/bin/preroot", "usr/lib/preroot/overlay-prep", "usr/lib/systemd/system-generators/preroot-generator"] {
      #expect(try kind(directory.path("tree/\(program)")) == kind(String(libc)), "\(program)")
    }
  }

  /// The other directory is like an unpacked tarball: it is no repository, and every file has the time of the commit.
  @Test("The Debian package is reproducible in any directory", .enabled(if: Suite.areAll, "It takes minutes: make check-all"))
  func isReproducible() async throws {
    let directory = try Temporary()
    let time = try Run.tool("git", "-c", "safe.directory=*", "-C", Checkout.path.path, "log", "-1", "--format=%ct", package: "git").dropLast()
    let there = directory.path("another-directory/preroot")
    try FileManager.default.createDirectory(atPath: there, withIntermediateDirectories: true)
    let copy = #"cd "$1" && git -c safe.directory='*' ls-files -z --cached --others --exclude-standard | tar -c --null -T - --mtime="@$2" | tar -x -C "$3""#
    _ = try Run.tool("bash", "-c", copy, "bash", Checkout.path.path, String(time), there)
    let environment = ProcessInfo.processInfo.environment
    let run = try Run("make", ["-C", there, "deb"], environment: environment)
    let name = try #require(run.output.split(separator: "\n").last, "\(run.errors)")
    let other = try Data(contentsOf: URL(filePath: "\(there)/\(name)"))
    let package = try await DebianPackage.preroot()
    #expect(URL(filePath: package.string).lastPathComponent == URL(filePath: String(name)).lastPathComponent)
    #expect(try Data(contentsOf: URL(filePath: package.string)) == other)
  }

  @Test("The Debian package installs, upgrades and purges without a trace")
  func comesAndGoes() async throws {
    let machine = try await Computer()
    let before = try await machine.boot("preroot=tmpfs", "bed.step=install")
    #expect(before.script?.status == 0, "\(before.script?.output ?? "")")
    #expect(before.isRootWritable)

    // A staged machine is upgraded and purged. The changes vanish with the tmpfs, and must not harm the machine.
    let staged = try await machine.boot("preroot=tmpfs", "bed.step=upgrade")
    #expect(staged.script?.status == 0, "\(staged.script?.output ?? "")")
    #expect(staged.mounts["/"]?.source == "preroot")
    #expect(staged.state == "running")
    #expect(staged.consoleFailures == [])

    let purging = try await machine.boot("preroot=no", "bed.step=purge")
    #expect(purging.script?.status == 0, "\(purging.script?.output ?? "")")
    #expect(purging.mounts["/"]?.fileSystem == "ext4")

    let after = try await machine.boot("preroot=tmpfs", "bed.step=none")
    #expect(after.state == before.state)
    #expect(after.failedUnits == before.failedUnits)
    #expect(after.mounts.normalised == before.mounts.normalised)
    #expect(after.unitsActive == before.unitsActive)
    #expect(after.unitsBegun == before.unitsBegun)
    #expect(after.isRootWritable)
  }
}

/// A machine with a writable root and one disk for all of its boots.
private struct Computer {
  private let tree: Tree
  private let disk: Disk

  init() async throws {
    let generator = "/usr/lib/systemd/system-generators/preroot-generator"
    let tree = Tree.lean.withoutPreroot
      // One ID for all boots, none of which is a first boot.
      .with("/etc/machine-id", "0123456789abcdef0123456789abcdef\n", mode: 0o444)
      .with(copyOf: try await DebianPackage.preroot(version: "1"), at: "/opt/bed/1.deb")
      .with(copyOf: try await DebianPackage.preroot(version: "2"), at: "/opt/bed/2.deb")
      .running("""
        set -ex
        export DEBIAN_FRONTEND=noninteractive
        # The files on the disk, except those that any package or boot changes.
        files() {
          cd /
          find . -xdev \\( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/lib/systemd -o -path ./var/cache -o -path ./var/log -o -path ./tmp -o -path ./var/tmp \\) -prune \\
            -o -type d -printf '%p %m\\n' -o -printf '%p %m %s %T@ %l\\n' | sort
        }
        case "$(grep -o 'bed.step=[a-z]*' /proc/cmdline)" in
        *install)
          files > /var/cache/files
          apt-get install -qq /opt/bed/1.deb
          test -x \(generator)
          journalctl --list-catalog | grep preroot
          # A reload leaves this boot alone.
          systemctl daemon-reload
          test ! -e /run/systemd/generator.early/default.target
          systemd-run --quiet --wait touch /run/started
          test -e /run/started
          ;;
        *upgrade)
          apt-get install -qq /opt/bed/2.deb
          test "$(dpkg-query --show --showformat='${Version}' preroot)" = 2
          test "$(systemctl show --property=NeedDaemonReload --value overlay-prep.service)" = no
          apt-get purge -qq preroot
          test ! -e \(generator)
          ;;
        *purge)
          apt-get install -qq /opt/bed/2.deb
          apt-get purge -qq preroot
          files | diff /var/cache/files -
          test -z "$(journalctl --list-catalog | grep preroot)"
          ;;
        esac
        """)
    self.tree = tree
    disk = try await Disk.root(tree)
  }

  func boot(_ words: String...) async throws -> Boot {
    var machine = Machine(.kernel(.ext4), tree)
    machine.words = ["root=/dev/ubdb", "rw"] + words
    machine.disks = [disk]
    return try await machine.boot()
  }
}
