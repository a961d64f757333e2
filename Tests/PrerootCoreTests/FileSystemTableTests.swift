// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("/run/preroot/fstab")
struct FileSystemTableWithoutRootTests {
  @Test("/run/preroot/fstab keeps every line of /etc/fstab that is not about the root", arguments: [
    ("", ""), ("\n", "\n"), ("# a comment with / in it\n", "# a comment with / in it\n"), ("#/dev/root / ext4 ro 0 1\n", "#/dev/root / ext4 ro 0 1\n"),
    ("/dev/sda1 /boot vfat ro 0 2", "/dev/sda1 /boot vfat ro 0 2"), ("a /a\n\n\tb /b x y\n", "a /a\n\n\tb /b x y\n"), ("/\n", "/\n"),
    ("/dev/x /\\040 ext4 ro\n", "/dev/x /\\040 ext4 ro\n"), ("swap none swap\r\n", "swap none swap\r\n"),
  ])
  func keeps(text: String, rest: String) { #expect(FileSystemTable.withoutRoot(Text(utf8: text)).string == rest) }

  @Test("/run/preroot/fstab omits the line for the root, however it spells the path", arguments: [
    "/dev/root / ext4 ro 0 1", "\t LABEL=a\\040b\t/\tauto\tdefaults", "/dev/root // ext4 ro", "/dev/root /. ext4 ro", "/dev/root \\057 ext4 ro", "/dev/root /",
  ])
  func leavesOut(line: String) {
    #expect(FileSystemTable.withoutRoot(Text(utf8: line)).string == "")
    #expect(FileSystemTable.withoutRoot(Text(utf8: "# one\n" + line + "\n/dev/b /b ext4")).string == "# one\n/dev/b /b ext4")
  }
}
