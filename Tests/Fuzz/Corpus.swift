// SPDX-License-Identifier: MIT
import Foundation

/// The inputs with which mutation begins: the machines of the golden cases, and examples from the readers' tests.
enum Corpus {
  static func all() throws -> [[UInt8]] { try machines() + examples }

  /// Tests/GeneratorTests/Cases.
  private static func machines() throws -> [[UInt8]] {
    let cases = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "GeneratorTests/Cases")
    return try FileManager.default.contentsOfDirectory(atPath: cases.path).sorted().map { name in
      func file(_ path: String) -> [UInt8] {
        for tree in ["\(name)/root", "base"] {
          if let data = FileManager.default.contents(atPath: cases.appending(path: "\(tree)/\(path)").path) { return Array(data) }
        }
        return []
      }
      let device = "sys/dev/block/98:0/ro"
      let files = ["proc/cmdline", "etc/preroot.conf", "usr/lib/preroot.conf", "proc/1/mountinfo", "etc/fstab", "run/preroot/ready", "run/preroot/failed",
                   "run/systemd/container", device]
      return [0] + files.map(file).joined(separator: [Subjects.separator])
    }
  }

  /// A few inputs for each subject, in the order of the subjects.
  private static let examples: [[UInt8]] = [
    ["ro root=/dev/sda preroot=LABEL=data preroot.scope=/etc:/var preroot.bind=/srv:/home preroot.options=noatime preroot.on-lower-change=new\u{1e}"
      + "[Preroot]\nUpper=tmpfs:size=64m\nScope=/etc:\\\n /var\n# no\nAttempts=3\n\u{1e}\u{1e}21 1 98:0 / / ro shared:1 - squashfs /dev/root ro\n22 21 0:5 / /run rw shared:2 - tmpfs tmpfs rw\n"],
    ["ro quiet \"preroot=a b\" 'x y'=z systemd.unit=rescue.target 3 preroot.reset dm-mod.create=\"root,,,ro,0 8 verity 1 a b 4096 4096 1 1 sha256 abc def\""],
    ["21 1 98:0 / / ro shared:1 - squashfs /dev/root ro\n", "1 0 0:30 / / rw shared:1 - overlay preroot rw,lowerdir=/run/initramfs/preroot/lower,upperdir=/run/initramfs/preroot/upper/upper,workdir=/w\n",
     "9 1 8:1 /sub /mnt\\040x rw,noatime master:3 shared:9 - ext4 /dev/a\\134b rw,errors=remount-ro\n"],
    ["default.target", "a-b@c\\x2d.service", ".target", "a@.mount"],
    ["/var/lib/a b-c", "//srv//www/", "/.hidden/.x", "/a/../b", "10.conf b.conf a.conf"],
    ["/dev/disk/by-label/a\\x20b", "LABEL=data", "partuuid=0A-1", "mtd:rootfs", "ubi3:data", "ubi:x", "/dev/mmcblk0p3"],
    ["# comment\nhost-1.example\n", "a..b", "host-????"],
    ["0123456789abcdef0123456789ABCDEF\n", "uninitialized\n", "00000000000000000000000000000000"],
    ["{\n  \"why\": \"a\\u0007\\\"b\\\\\",\n  \"n\": 3\n}\n", "line\nline \"x\" \\ \u{7f}"],
    ["preroot is making a file system here: 6f1c9a3e-8a46-4d7e-9b55-0c2f1f6f2a11\n"],
    ["25%", "64m", "1048576", "8G", "ro,noatime,data=journal", "yes"],
    ["squashfs\n" + String(repeating: "\u{1}\u{2}abc", count: 300), "erofs\n" + String(repeating: "x", count: 1300), "ext4\n"],
    ["MESSAGE=x\nPRIORITY=4\nMESSAGE_ID=93bcf9ff066a4f478a082bd14c850b24\n\n", "two\nlines\u{1b}[0m"],
  ].enumerated().flatMap { number, texts in texts.map { [UInt8(number)] + Array($0.utf8) } }
}
