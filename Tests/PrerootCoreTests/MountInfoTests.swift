// SPDX-License-Identifier: MIT
import CoreSupport
import PrerootCore
import Testing

@Suite("The mount table")
struct MountInfoTests {
  private static let table: Text = """
    21 26 0:20 / /proc rw,nosuid shared:12 - proc proc rw
    22 26 0:21 / /sys rw shared:2 - sysfs sysfs rw
    23 22 0:6 / /sys/kernel/security rw shared:3 - securityfs securityfs rw
    24 26 0:5 / /dev rw shared:8 - devtmpfs devtmpfs rw,size=1k
    25 26 0:22 / /run rw,nosuid - tmpfs tmpfs rw,mode=755
    26 1 98:0 / / ro,relatime shared:1 - squashfs /dev/root ro,errors=continue
    27 25 0:30 / /run/lock rw - tmpfs tmpfs rw
    """

  @Test("Mount table fields are where proc_pid_mountinfo(5) documents them")
  func hasFields() throws {
    let entry = try #require(MountInfo.Entry(parsing: "36 35 98:1 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"))
    #expect(entry.mountID == 36)
    #expect(entry.parentID == 35)
    #expect(entry.majorMinor.string == "98:1")
    #expect(entry.mountPoint.string == "/mnt2")
    #expect(entry.fileSystemType.string == "ext3")
    #expect(entry.mountSource.string == "/dev/root")
    #expect(entry.superOptions.string == "rw,errors=continue")
    #expect(!entry.isShared)
    #expect(!entry.isWhole)
    #expect(!entry.isOverlayOfPreroot)
  }

  @Test("A mount table entry may have any number of optional fields", arguments: [
    ("", false), ("shared:1 ", true), ("master:7 ", false), ("master:7 shared:1 ", true), ("shared:1 master:7 propagate_from:2 ", true),
    ("unbindable ", false), ("shared:1 new:field another ", true),
  ])
  func hasOptionalFields(fields: String, isShared: Bool) throws {
    let line = "36 35 98:1 / / rw,noatime \(fields)- squashfs /dev/root ro"
    let entry = try #require(MountInfo.Entry(parsing: Text(utf8: line)))
    #expect(entry.isShared == isShared)
    #expect(entry.fileSystemType.string == "squashfs")
    #expect(entry.mountSource.string == "/dev/root")
  }

  @Test("Octal escapes in names of the mount table are decoded", arguments: [
    (#"/a\040b"#, "/a b"), (#"/\011\012\043"#, "/\t\n#"), (#"/a\134040"#, #"/a\040"#), (#"/a\134"#, "/a\\"), (#"/a\04"#, #"/a\04"#),
    (#"/a\"#, #"/a\"#), (#"/a\48b"#, #"/a\48b"#), (#"/\303\244"#, "/ä"), (#"/\777"#, #"/\777"#),
  ])
  func readsOctal(written: String, expected: String) throws {
    let entry = try #require(MountInfo.Entry(parsing: Text(utf8: "1 2 0:3 / \(written) rw - tmpfs \(written) rw")))
    #expect(entry.mountPoint.string == expected)
    #expect(entry.mountSource.string == expected)
  }

  @Test("An invalid line of the mount table is skipped", arguments: [
    "", "junk", "36 35 98:1 /mnt1 /mnt2 rw,noatime master:1 ext3 /dev/root rw", "a 35 98:1 / / rw - ext3 /dev/root rw",
    "36 b 98:1 / / rw - ext3 /dev/root rw", "36 35 98:1 / / rw shared:1 shared:2 - ext3", "36 35 98:1 / / rw - ext3 /dev/root",
  ])
  func leavesOutJunk(line: String) {
    #expect(MountInfo.Entry(parsing: Text(utf8: line)) == nil)
    #expect(MountInfo(parsing: Text(utf8: "\(line)\n1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")).entries.count == 1)
  }

  /// Recent kernels list mounts in the order of their IDs, and reuse IDs.
  @Test("A path leads to the topmost mount, in whatever order the table lists them", arguments: [
    [0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 0, 3, 4, 2], [2, 4, 3, 0, 1],
  ])
  func hasUppermostEntry(order: [Int]) {
    let lines = [
      "1 1 0:1 / / rw - rootfs rootfs rw", "2 1 8:1 / / rw - ext4 /dev/sda1 rw", "3 2 0:5 / /run rw - tmpfs one rw",
      "4 3 0:6 / /run rw - tmpfs between rw", "5 4 0:7 / /run rw - tmpfs two rw",
    ]
    let info = MountInfo(parsing: Text(utf8: order.map { lines[$0] }.joined(separator: "\n")))
    #expect(info.root?.fileSystemType.string == "ext4")
    #expect(info.entry(at: "/run")?.mountSource.string == "two")
    #expect(info.entry(at: "/ru") == nil)
    #expect(MountInfo().root == nil)
  }

  @Test("The children of a mount are the mounts directly on it")
  func knowsChildren() throws {
    let info = MountInfo(parsing: Self.table)
    let root = try #require(info.root)
    #expect(info.children(of: root).map(\.mountPoint.string) == ["/proc", "/sys", "/dev", "/run"])
    let run = try #require(info.entry(at: "/run"))
    #expect(info.children(of: run).map(\.mountPoint.string) == ["/run/lock"])
    #expect(root.isShared)
    #expect(!run.isShared)
  }

  @Test("The first mount of a namespace is not its own child")
  func knowsNoChildOfItself() throws {
    let info = MountInfo(parsing: "1 1 0:1 / / rw - rootfs rootfs rw\n")
    #expect(info.children(of: try #require(info.root)).isEmpty)
  }

  @Test("An overlay is preroot's only if source, type and root all say so")
  func knowsOverlay() {
    let info = MountInfo(parsing: """
      1 0 0:1 / / rw - overlay preroot rw,lowerdir=/l
      2 1 0:2 / /a rw - overlay overlay rw
      3 1 0:3 / /b rw - tmpfs preroot rw
      4 1 0:1 /etc /c rw - overlay preroot rw
      """)
    #expect(info.entries.map(\.isOverlayOfPreroot) == [true, false, false, false])
  }
}

@Suite("/etc/fstab")
struct FileSystemTableTests {
  @Test("The last line for / in /etc/fstab decides whether the root is read-only", arguments: [
    ("", false),
    ("/dev/root / ext4 ro 0 1\n", true),
    ("/dev/root / ext4 defaults,ro,noatime 0 1\n", true),
    ("/dev/root / ext4 rw 0 1\n", false),
    ("/dev/root / ext4 defaults 0 1\n", false),
    ("/dev/root / ext4 ro,rw 0 1\n", false),
    ("/dev/root / ext4 rw,ro 0 1\n", true),
    ("/dev/root / ext4 errors=remount-ro 0 1\n", false),
    ("/dev/root\t/\text4\tro\n", true),
    ("# /dev/root / ext4 ro 0 1\n", false),
    ("#/dev/root / ext4 ro 0 1\n", false),
    ("  /dev/root / ext4 ro 0 1", true),
    ("/dev/data /data ext4 ro 0 1\n", false),
    ("/dev/root / ext4\n", false),
    ("/dev/root / ext4 ro 0 1\n/dev/other / ext4 rw 0 1\n", false),
    ("junk\n\n/dev/root / squashfs ro,x-systemd.growfs 0 0\nproc /proc proc ro 0 0\n", true),
  ])
  func keepsRootReadOnly(table: String, expected: Bool) {
    #expect(FileSystemTable(parsing: Text(utf8: table)).isRootReadOnly == expected)
  }

  @Test("A line for the root in /etc/fstab is found unless it is a comment", arguments: [
    ("", false), ("/dev/root / ext4 rw 0 1\n", true), ("/dev/root / ext4 ro\n", true), ("#/dev/root / ext4 rw 0 1\n", false),
    ("/dev/usr /usr ext4 rw 0 1\n", false),
  ])
  func hasRoot(table: String, expected: Bool) {
    #expect((FileSystemTable(parsing: Text(utf8: table)).root != nil) == expected)
  }
}
