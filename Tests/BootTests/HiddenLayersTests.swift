// SPDX-License-Identifier: MIT
import Bed
import Testing

/// The layers still contain programs that an upgrade replaced, files that a chmod closed, and files that a directory protects.
@Suite("Access to the layers")
struct HiddenLayersTests {
  /// The script removes a setuid program and closes a file and a directory, and then tries to reach them as `nobody`.
  private static let tree = Tree.lean.with("/usr/bin/hole", "#!/bin/sh\n", mode: 0o4755).with("/etc/secret", "secret\n").with("/home/private/.keep", "").running("""
    exec 2>&1
    rm -f /usr/bin/hole; chmod 600 /etc/secret 2>/dev/null; chmod 700 /home/private 2>/dev/null; echo mine > /home/private/file 2>/dev/null
    as() { setpriv --reuid=65534 --regid=65534 --clear-groups -- sh -c "$1"; }
    echo "reached=$(as 'ls -d /run/initramfs/preroot/* /run/initramfs/preroot/*/usr /run/initramfs/preroot/*/*/etc' 2>/dev/null | tr '\\n' ' ')"
    echo "secret=$(as 'cat /run/initramfs/preroot/lower/etc/secret /run/initramfs/preroot/upper/upper/etc/secret /run/initramfs/preroot/upper/bind/*/file' 2>/dev/null)"
    echo "flags=$(awk '$5 ~ "^/run/initramfs/preroot/(lower|upper)$" { print $6 }' /proc/self/mountinfo | grep -c nosuid,nodev)"
    echo "made=$(as 'touch /run/initramfs/preroot/upper/reset' 2>/dev/null && echo yes)"
    echo "status=$(as 'preroot status >/run/lock/status 2>&1; echo $?' )"
    echo "filled=$(as 'preroot status' | grep -c '^filled: ')"
    """)

  private func expectHidden(in boot: Boot, at location: SourceLocation = #_sourceLocation) {
    #expect(boot.told("reached") == "", "\(boot)", sourceLocation: location)
    #expect(boot.told("secret") == "", "\(boot)", sourceLocation: location)
    #expect(boot.told("made") == "", "\(boot)", sourceLocation: location)
    #expect(boot.told("flags") == "2", "\(boot)", sourceLocation: location)
    #expect(boot.told("status") == "0", "\(boot)", sourceLocation: location)
    #expect(boot.told("filled") == "1", "\(boot)", sourceLocation: location)
  }

  @Test("An unprivileged user cannot reach the layers, and preroot status works for that user", arguments: Entrance.eachChosen(Leg.chosen, ["/", "/etc:/usr"]))
  func areHidden(leg: Leg, scope: String, entrance: Entrance) async throws {
    expectHidden(in: try await Machine(leg, Self.tree, "preroot=tmpfs", "preroot.scope=\(scope)").by(entrance).boot())
  }

  /// Anybody may write to the top of this file system, as on a USB stick that was prepared elsewhere.
  @Test("An unprivileged user cannot reach the layers or bind/ on a device", arguments: Entrance.chosen)
  func areHiddenOnDevice(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(keepingOn: disk, Self.tree, "preroot.bind=/home").by(entrance)
    let boots = try await machine.boots(2)
    for boot in boots { expectHidden(in: boot) }
    #expect(try await disk.text(of: "/reset") == nil)
  }

  @Test("nosuid and nodev of Options= hold for the overlay and binds, and noexec is ignored on /", arguments: Entrance.chosen)
  func haveFlags(entrance: Entrance) async throws {
    let tree = Tree.lean.with("/usr/bin/other-id", "#!/bin/sh\nid -u\n", mode: 0o755).with("/home/.keep", "").running("""
      echo "root=$(awk '$5 == "/" { print $6 }' /proc/self/mountinfo)"
      echo "home=$(awk '$5 == "/home" { print $6 }' /proc/self/mountinfo)"
      """)
    let boot = try await Machine(keepingOn: .ext4(), tree, "preroot.options=nosuid,nodev,noexec,noatime", "preroot.bind=/home").by(entrance).boot()
    #expect(boot.isRootWritable)
    for name in ["root", "home"] {
      let flags = (boot.told(name) ?? "").split(separator: ",")
      #expect(flags.contains("nosuid") && flags.contains("nodev"), "\(name): \(flags)")
      // With noexec on / no program would run.
      #expect(!flags.contains("noexec"), "\(name): \(flags)")
    }
  }
}

@Suite("Writable images")
struct WritableImageTests {
  /// `rw` on the command line has the kernel mount the image's file system read-write.
  @Test("An image that the kernel mounts rw is read-only once the overlay is mounted")
  func isClosed() async throws {
    let disk = try await Disk.root(Tree.lean.running("""
      echo "image=$(awk '$5 == "/run/initramfs/preroot/lower" { print $NF }' /proc/self/mountinfo)"
      echo new > /etc/new; sync
      """))
    var machine = Machine(.kernel(.squashfs), .lean, "root=/dev/ubdb", "rw", "preroot=tmpfs")
    machine.disks = [disk]
    let boot = try await machine.boot()
    #expect(boot.mounts["/"]?.source == "preroot")
    #expect(boot.told("image")?.hasPrefix("ro") == true, "\(boot.told("image") ?? "")")
    #expect(try await !disk.needsRecovery)
    machine.powerCut = "Reached target multi-user.target"
    _ = try await machine.bootUntilPowerCut()
    #expect(try await !disk.needsRecovery)
    #expect(try await disk.text(of: "/etc/new") == nil)
  }
}

@Suite("The disk of the root")
struct VolatileRootTests {
  /// Tools of systemd such as systemd-repart look for the disk there before udev creates its links.
  @Test("volatile-root leads to the root's disk even without udev")
  func isFound() async throws {
    var tree = Tree.lean.running("""
      exec 2>&1
      echo "link=$(readlink /run/systemd/volatile-root)"
      echo "device=$(readlink -f /run/systemd/volatile-root)"; [ -b /run/systemd/volatile-root ] && echo block=yes
      """)
    for unit in ["systemd-udevd.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket", "systemd-udev-trigger.service"] {
      tree = tree.linking("/etc/systemd/system/\(unit)", to: "/dev/null")
    }
    let boot = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs").boot()
    #expect(boot.isRootWritable)
    #expect(boot.told("link")?.hasPrefix("/dev/block/98:") == true, "\(boot.script?.output ?? "")")
    #expect(boot.told("device") == "/dev/ubda")
    #expect(boot.told("block") == "yes")
  }
}

@Suite("Links in an image")
struct LinkedImageTests {
  /// In `make check`, each scope and each kind of link once.
  static let waysToMachineID: [(words: [String], target: String)] = {
    let absolute = "/var/lib/machine-id", relative = "../var/lib/machine-id", scope = ["preroot.scope=/etc:/var"]
    return [([], absolute), (scope, relative)] + (Suite.areAll ? [([], relative), (scope, absolute)] : [])
  }()

  /// This image keeps all files of one machine in one directory.
  @Test("A machine whose /etc/machine-id is a link has one ID from its first boot on", arguments: waysToMachineID)
  func leadToMachineID(words: [String], target: String) async throws {
    let tree = Tree.lean.without("/etc/machine-id").linking("/etc/machine-id", to: target).with("/var/lib/machine-id", "").running("""
      echo "id=$(cat /etc/machine-id)"; echo "pid1=$(busctl --system get-property org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus Features >/dev/null 2>&1; systemd-id128 machine-id)"
      echo "mounts=$(grep -c machine-id /proc/self/mountinfo)"
      """)
    let boot = try await Machine(.container, tree).with("preroot=tmpfs").with(words).boot()
    #expect(boot.state == "running", "\(boot)")
    #expect(boot.told("id")?.count == 32, "\(boot.told("id") ?? "")")
    #expect(boot.told("id") == boot.told("pid1"))
    #expect(boot.told("mounts") == "0")
    let disk = try await Disk.ext4()
    var machine = Machine(keepingOn: disk, tree)
    machine.words += words
    let ids = try await machine.boots(2).map { $0.told("id") }
    #expect(ids[0]?.count == 32)
    #expect(ids[0] == ids[1], "A machine has one ID")
  }

  @Test("Bind= follows a link within the image, and a dangling link loses only its directory")
  func leadBinds() async throws {
    let disk = try await Disk.ext4()
    let tree = Tree.lean.without("/srv").linking("/srv", to: "/var/srv").with("/var/srv/seed", "image\n").linking("/data", to: "/none/there").running("""
      exec 2>&1
      echo again >> /srv/times; echo "times=$(wc -l < /var/srv/times)"; echo "seed=$(cat /srv/seed)"
      echo "bound=$(awk '$5 == "/var/srv" { print $4 }' /proc/self/mountinfo)"
      preroot status > /run/status; echo "status=$?"; sed 's/^/login=/' /run/motd.d/preroot; sed 's/^/said: /' /run/status
      """)
    let boots = try await Machine(keepingOn: disk, tree, "preroot.bind=/srv:/data").boots(2)
    #expect(boots.map { $0.told("times") } == ["1", "2"])
    for boot in boots {
      #expect(boot.store?.fileSystem == "ext4", "\(boot)")
      #expect(boot.isRootWritable)
      #expect(boot.told("seed") == "image")
      #expect(boot.told("bound") == "/bind/srv")
      #expect(boot.told("status") == "1", "\(boot.script?.output ?? "")")
      let errors = boot.journal.entries(of: "overlay-prep.service").filter { $0.priority <= 3 }.map(\.message)
      #expect(errors.contains { $0.contains("/data") && $0.contains("dangling") }, "\(errors)")
    }
    #expect(try await disk.names(in: "/bind") == ["srv"])
  }
}

extension Machine {
  fileprivate func with(_ words: [String]) -> Machine {
    var machine = self
    machine.words += words
    return machine
  }
}
