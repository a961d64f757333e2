// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("Persistent uppers")
struct UpperTests {
  @Test("An upper on f2fs is created, checked and persistent", arguments: Entrance.chosen)
  func isOnF2FS(entrance: Entrance) async throws {
    // A minimal Debian lacks the tools; the host is the same release.
    let tree = Tree.noting.with(copyOf: "/usr/sbin/mkfs.f2fs", at: "/usr/sbin/mkfs.f2fs").with(copyOf: "/usr/sbin/fsck.f2fs", at: "/usr/sbin/fsck.f2fs")
    let boots = try await Machine(keepingOn: .blank(megabytes: 64), tree, "preroot.format=blank", "preroot.fstype=f2fs").by(entrance).boots(2)
    for boot in boots { expectUpper("f2fs", in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    #expect(boots.flatMap(\.remarks) == [])
    let checks = boots[1].journal.entries(by: "preroot").filter { $0["PREROOT_STEP"]?.hasPrefix("check") == true }
    #expect(checks.map(\.priority) == [7])
    #expect(boots[1].journal.entries(saying: "not in the image").isEmpty)
  }

  @Test("An upper on UBIFS is attached and persistent", arguments: Entrance.chosen)
  func isOnUBIFS(entrance: Entrance) async throws {
    let boots = try await Machine(keepingOn: .ubi(volume: "rootfs_data"), .noting, "preroot=ubi0:rootfs_data").by(entrance).boots(2)
    for boot in boots { expectUpper("ubifs", in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    #expect(boots.flatMap(\.remarks) == [])
  }

  /// The kernel warns that files of the image cannot be renamed on JFFS2, and preroot adds one line.
  @Test("An upper on JFFS2 is persistent, and one warning names its limits", arguments: Entrance.chosen)
  func isOnJFFS2(entrance: Entrance) async throws {
    let boots = try await Machine(keepingOn: .flash(), .noting, "preroot=mtd:flash").by(entrance).boots(2)
    for boot in boots {
      expectUpper("jffs2", in: boot)
      #expect(boot.remarks.count == 1 && boot.remarks[0].contains("JFFS2"), "\(boot.remarks)")
    }
    #expect(boots.map(\.bootsNoted) == [1, 2])
  }

  /// udev, which would know the names, does not run yet.
  @Test("An upper is found by the label and UUID of its file system and of its partition", arguments: Entrance.chosen)
  func isFoundByName(entrance: Entrance) async throws {
    let uuid = "0b8d9a7e-55d0-4e6f-a0a8-7c2f3a1f0e21", partitionUUID = "d3c1f1d4-94f1-4a11-8f0e-6a5a1c0a9b42"
    let disk = try await Disk.partitioned(partitionLabel: "data", partitionUUID: partitionUUID, label: "preroot-data", uuid: uuid)
    var count = 0
    for name in ["LABEL=preroot-data", "UUID=\(uuid)", "PARTUUID=\(partitionUUID)", "PARTLABEL=data"] {
      count += 1
      let boot = try await Machine(keepingOn: disk, .noting, "preroot=\(name)").by(entrance).boot()
      expectUpper(in: boot)
      #expect(boot.bootsNoted == count, "\(name)")
    }
    #expect(try await !disk.needsRecovery)
  }

  @Test("preroot.dir= and preroot.options= place and mount the upper", arguments: Entrance.chosen)
  func isInDirectory(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    let boot = try await Machine(keepingOn: disk, .noting, "preroot.dir=/site/a", "preroot.options=noatime,commit=30", "preroot.fstype=ext4").by(entrance).boot()
    expectUpper(in: boot)
    let store = try #require(boot.store)
    #expect(store.options.contains("noatime"))
    #expect(store.superOptions.contains("commit=30"))
    #expect(try await disk.names(in: "/site/a").contains("upper"))
    #expect(try await disk.text(of: "/site/a/upper/var/lib/boots") == "1\n")
    #expect(try await disk.names(in: "/") == ["lost+found", "site"])
  }

  @Test("A machine boots on a full upper, and can free space on it", arguments: Entrance.chosen)
  func isFull(entrance: Entrance) async throws {
    let disk = try await Disk.ext4(megabytes: 16)
    let tree = Tree.lean.noting("[ $n = 1 ] && { dd if=/dev/zero of=/ballast bs=64k; true; } || { rm /ballast && echo room > /room && echo made=$(cat /room); }")
    let machine = Machine(keepingOn: disk, tree).by(entrance)
    expectUpper(in: try await machine.boot())
    // Other units may fail, as they cannot write.
    let boot = try await machine.boot()
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.units["overlay-prep.service"]?.result == "success")
    #expect(boot.store?.fileSystem == "ext4")
    #expect(boot.told("made") == "room", "\(boot.script?.output ?? "")")
    try await disk.check()
  }

  @Test("A persistent upper's overlay has no option that forbids a changed lower")
  func isOfTheSaferSort() async throws {
    let boot = try #require(await UpperStory.told(over: .valid).boots.first)
    let options = try #require(boot.mounts["/"]?.superOptions)
    #expect(options.filter { ["index=on", "metacopy=on", "redirect_dir=on", "xino=on"].contains($0) } == [])
    #expect(options.contains("upperdir=/run/initramfs/preroot/upper/upper"))
    #expect(boot.store?.isReadOnly == false)
    let entry = try #require(boot.journal.entries(by: "preroot").first { $0["PREROOT_MODE"] != nil })
    #expect(entry["PREROOT_UPPER"]?.contains("/dev/ubdb") == true)
  }

  @Test("An upper for directories is persistent and clean after each power-off", arguments: Entrance.chosen)
  func isOnDirectories(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    for boot in try await Machine(keepingOn: disk, .noting, "preroot.scope=/etc:/var").by(entrance).boots(2) {
      #expect(boot.state == "running")
      #expect(boot.failedUnits == [])
      #expect(boot.store?.fileSystem == "ext4")
      #expect(boot.mounts["/var"]?.source == "preroot")
      #expect(boot.consoleFailures == [])
      #expect(try await !disk.needsRecovery)
    }
    #expect(try await disk.names(in: "/upper").count == 2)
  }
}
