// SPDX-License-Identifier: MIT
import Bed
import Testing

@Suite("An upper that outlives the boot")
struct UpperTests {
  @Test("is made, checked and used on f2fs, and keeps what is written")
  func isOnF2FS() async throws {
    // A minimal Debian has not the tools; the host's are for the same release.
    let tree = Tree.noting.with(copyOf: "/usr/sbin/mkfs.f2fs", at: "/usr/sbin/mkfs.f2fs").with(copyOf: "/usr/sbin/fsck.f2fs", at: "/usr/sbin/fsck.f2fs")
    let boots = try await Machine(keepingOn: .blank(megabytes: 64), tree, "preroot.format=blank", "preroot.fstype=f2fs").boots(2)
    for boot in boots { expectUpper("f2fs", in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    #expect(boots.flatMap(\.remarks) == [])
    let checks = boots[1].journal.entries(by: "preroot").filter { $0["PREROOT_STEP"]?.hasPrefix("check") == true }
    #expect(checks.map(\.priority) == [7])
    #expect(boots[1].journal.entries(saying: "not in the image").isEmpty)
  }

  @Test("is used on a volume of UBI, which preroot attaches")
  func isOnUBIFS() async throws {
    let boots = try await Machine(keepingOn: .ubi(volume: "rootfs_data"), .noting, "preroot=ubi0:rootfs_data").boots(2)
    for boot in boots { expectUpper("ubifs", in: boot) }
    #expect(boots.map(\.bootsNoted) == [1, 2])
    #expect(boots.flatMap(\.remarks) == [])
  }

  /// Of JFFS2 the kernel itself warns that files of the image cannot be renamed; preroot says it once more, in one line.
  @Test("is used on JFFS2, with a warning of its limits")
  func isOnJFFS2() async throws {
    let boots = try await Machine(keepingOn: .flash(), .noting, "preroot=mtd:flash").boots(2)
    for boot in boots {
      expectUpper("jffs2", in: boot)
      #expect(boot.remarks.count == 1 && boot.remarks[0].contains("JFFS2"), "\(boot.remarks)")
    }
    #expect(boots.map(\.bootsNoted) == [1, 2])
  }

  /// There is no udev yet that would know the names.
  @Test("is found by each of its names")
  func isFoundByName() async throws {
    let uuid = "0b8d9a7e-55d0-4e6f-a0a8-7c2f3a1f0e21", partitionUUID = "d3c1f1d4-94f1-4a11-8f0e-6a5a1c0a9b42"
    let disk = try await Disk.partitioned(partitionLabel: "data", partitionUUID: partitionUUID, label: "preroot-data", uuid: uuid)
    var count = 0
    for name in ["LABEL=preroot-data", "UUID=\(uuid)", "PARTUUID=\(partitionUUID)", "PARTLABEL=data"] {
      count += 1
      let boot = try await Machine(keepingOn: disk, .noting, "preroot=\(name)").boot()
      expectUpper(in: boot)
      #expect(boot.bootsNoted == count, "\(name)")
    }
    #expect(try await !disk.needsRecovery)
  }

  @Test("is in the directory, and mounted with the options, that are asked for")
  func isInDirectory() async throws {
    let disk = try await Disk.ext4()
    let boot = try await Machine(keepingOn: disk, .noting, "preroot.dir=/site/a", "preroot.options=noatime,commit=30", "preroot.fstype=ext4").boot()
    expectUpper(in: boot)
    let store = try #require(boot.store)
    #expect(store.options.contains("noatime"))
    #expect(store.superOptions.contains("commit=30"))
    #expect(try await disk.names(in: "/site/a").contains("upper"))
    #expect(try await disk.text(of: "/site/a/upper/var/lib/boots") == "1\n")
    #expect(try await disk.names(in: "/") == ["lost+found", "site"])
  }

  @Test("is used though it is full, and can be made room in")
  func isFull() async throws {
    let disk = try await Disk.ext4(megabytes: 16)
    let tree = Tree.lean.noting("[ $n = 1 ] && { dd if=/dev/zero of=/ballast bs=64k; true; } || { rm /ballast && echo room > /room && echo made=$(cat /room); }")
    let machine = Machine(keepingOn: disk, tree)
    expectUpper(in: try await machine.boot())
    // What else cannot be written is not preroot's.
    let boot = try await machine.boot()
    #expect(boot.units["graphical.target"]?.activeState == "active")
    #expect(boot.units["overlay-prep.service"]?.result == "success")
    #expect(boot.store?.fileSystem == "ext4")
    #expect(boot.told("made") == "room", "\(boot.script?.output ?? "")")
    try await disk.check()
  }

  @Test("has an overlay whose lower may change: without an index of the lower's files")
  func isOfTheSaferSort() async throws {
    let boot = try #require(await UpperStory.told(over: .valid).boots.first)
    let options = try #require(boot.mounts["/"]?.superOptions)
    #expect(options.filter { ["index=on", "metacopy=on", "redirect_dir=on", "xino=on"].contains($0) } == [])
    #expect(options.contains("upperdir=/run/initramfs/preroot/upper/upper"))
    #expect(boot.store?.isReadOnly == false)
    let entry = try #require(boot.journal.entries(by: "preroot").first { $0["PREROOT_MODE"] != nil })
    #expect(entry["PREROOT_UPPER"]?.contains("/dev/ubdb") == true)
  }

  @Test("can be on directories alone")
  func isOnDirectories() async throws {
    let disk = try await Disk.ext4()
    for boot in try await Machine(keepingOn: disk, .noting, "preroot.scope=/etc:/var").boots(2) {
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
