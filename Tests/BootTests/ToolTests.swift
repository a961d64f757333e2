// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Testing

/// One script for every machine. It prints each command line, its output and its exit status.
private let questions = """
  ask() { echo "== $*"; "$@" 2>&1; echo "== $?"; }
  ask preroot status
  ask preroot --json status
  ask setpriv --reuid=65534 --regid=65534 --clear-groups preroot status
  ask setpriv --reuid=65534 --regid=65534 --clear-groups preroot diff
  ask preroot check
  ask preroot plan
  if preroot status >/dev/null || [ $? = 1 ]; then
    # A second boot finds what the first one has left.
    cd /opt/image && if [ -e changed ] && ! [ -e added ]; then
      echo more >> changed; rm deleted; rm -r directory; mv renamed other; touch added; chmod 600 mode; mkdir -p new/deep
      rm -r replaced; mkdir replaced; echo new > replaced/y; printf 1 > "$(printf 'strange\\n\\\\')"
    fi
  fi
  mkdir /mnt/own 2>/dev/null && mount -t tmpfs none /mnt/own && touch /mnt/own/hidden
  ask preroot diff /opt
  ask preroot diff /mnt
  ask sh -c 'cd /opt/image/new && preroot diff .'
  ask preroot reset --keep /opt/image/changed --keep /opt/image/nowhere
  ask preroot chroot sh -c 'mountpoint /proc && echo written > /opt/image/below && exit 7'
  ask sh -c 'echo "pwd; exit 3" | SHELL=/bin/bash preroot chroot'
  ask preroot chroot nowhere
  ask cat /run/initramfs/preroot/lower/opt/image/below
  ask sh -c 'echo > /run/initramfs/preroot/lower/opt/image/again'
  ask sh -c 'grep " /run/initramfs/preroot/lower " /proc/self/mountinfo | sed "s/.* - //; s/,.*//"'
  # A job of its own, as at a terminal: the key and the end of the line reach the tool and its command.
  interrupted() { bash -c 'set -m; preroot chroot sleep 60 & tool=$!; sleep 1; kill -'"$1"' -- -$tool; wait $tool'; }
  ask interrupted INT
  ask interrupted HUP
  ask sh -c 'echo > /run/initramfs/preroot/lower/opt/image/interrupted'
  ask preroot reset --cancel
  ask preroot reset --cancel
  ask preroot reset --keep /opt/image/changed
  # What is left behind with a file open for writing.
  ask preroot chroot sh -c 'exec > /opt/image/held 2>&1 < /dev/null; sleep 60 &'
  umount /mnt/own 2>/dev/null
  """

extension Tree {
  fileprivate static let asked = Tree.lean.running(questions)
    .with("/opt/image/changed", "a\n").with("/opt/image/deleted", "").with("/opt/image/directory/a", "").with("/opt/image/renamed/file", "")
    .with("/opt/image/mode", "").with("/opt/image/replaced/x", "").with("/opt/image/replaced/y", "").with("/opt/image/same", "")
}

extension Boot {
  /// The tool's output and exit status.
  fileprivate func answer(_ question: String) throws -> (output: String, status: Int) {
    let output = try #require(script?.output)
    let start = try #require(output.range(of: "== \(question)\n"), "\(output)").upperBound
    let end = try #require(output[start...].firstMatch(of: #/(?:^|\n)?== ([0-9]+)\n/#))
    return (String(output[start..<end.range.lowerBound]), Int(end.output.1) ?? -1)
  }

  fileprivate func expectDifference() throws {
    #expect(try answer("preroot diff /opt").output + "\n" == #"""
      A /opt/image/added
      M /opt/image/changed
      D /opt/image/deleted
      D /opt/image/directory
      M /opt/image/mode
      A /opt/image/new
      A /opt/image/new/deep
      A /opt/image/other
      A /opt/image/other/file
      D /opt/image/renamed
      D /opt/image/replaced/x
      M /opt/image/replaced/y
      A /opt/image/strange\x0a\x5c

      """#)
    #expect(try answer("preroot diff /opt").status == 0)
    // The contents of other mounts are not changes to the image.
    #expect(try answer("preroot diff /mnt") == ("A /mnt/own", 0))
    #expect(try answer("sh -c cd /opt/image/new && preroot diff .") == ("A /opt/image/new\nA /opt/image/new/deep", 0))
  }
}

@Suite("The tool on a running machine")
struct ToolTests {
  @Test("Each verb of the tool works on a machine with a tmpfs upper")
  func onTmpfs() async throws {
    let boot = try await Machine(.kernel(.squashfs), .asked, "preroot=tmpfs").boot()
    let status = try boot.answer("preroot status")
    #expect(status.status == 0)
    #expect(status.output.hasPrefix("/ is writable, as requested\nasked: tmpfs:size=25%,nr_inodes=1m\nupper: tmpfs:size=25%,nr_inodes=1m, lost at power-off\nfilled: "))
    #expect(status.output.hasSuffix("\nlower: squashfs /dev/root at /run/initramfs/preroot/lower\ntarget: default.target"))
    #expect(try boot.answer("setpriv --reuid=65534 --regid=65534 --clear-groups preroot status") == status)
    #expect(try boot.answer("setpriv --reuid=65534 --regid=65534 --clear-groups preroot diff") == ("preroot: Only root can see what the upper hides (trusted.* attributes)", 3))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(try boot.answer("preroot --json status").output.utf8)) as? [String: Any])
    #expect(object["status"] as? String == "as-asked")
    #expect(try #require(object["upper_kib"] as? Int) > 16 << 10)
    let check = try boot.answer("preroot check")
    #expect(check.status == 0, "\(check.output)")
    #expect(check.output.hasSuffix("\nThe next boot makes / writable, upper: tmpfs:size=25%,nr_inodes=1m"))
    #expect(try boot.answer("preroot plan").output.contains("\npivot to /run/initramfs/preroot/root\n"))
    try boot.expectDifference()
    #expect(try boot.answer("preroot reset --keep /opt/image/changed --keep /opt/image/nowhere") == ("Nothing to do: the upper is a tmpfs, which is empty at every boot", 0))
    let chroot = try boot.answer("preroot chroot sh -c mountpoint /proc && echo written > /opt/image/below && exit 7")
    #expect(chroot.status == 125)
    #expect(chroot.output.hasPrefix("preroot: squashfs cannot be written: rebuild the image"))
  }

  /// The image's disk is writable, so this also tests changing the image in place.
  @Test("Each verb of the tool works with an upper on a disk over a writable ext4 image")
  func onDisk() async throws {
    var machine = Machine(.kernel(.ext4), .asked, "preroot=/dev/ubdb", "preroot.format=blank")
    machine.isRootDeviceReadOnly = false
    machine.disks = [try Disk.blank(megabytes: 32)]
    let first = try await machine.boot()
    let status = try first.answer("preroot status")
    #expect(status.status == 0)
    #expect(status.output.contains("\nupper: /dev/ubdb, kept at power-off\n"))
    let check = try first.answer("preroot check")
    #expect(check.status == 0, "\(check.output)")
    #expect(check.output.contains("\ngood: /dev/ubdb is /dev/ubdb, and holds ext4\n"))
    try first.expectDifference()
    #expect(try first.answer("preroot reset --keep /opt/image/changed --keep /opt/image/nowhere") == ("""
      The next boot starts with an empty upper; 'preroot reset --cancel' cancels this
      kept: /opt/image/changed
      kept: /opt/image/nowhere, which is still the image's
      """, 0))
    let chroot = try first.answer("preroot chroot sh -c mountpoint /proc && echo written > /opt/image/below && exit 7")
    #expect(chroot.status == 7, "\(chroot.output)")
    #expect(chroot.output.contains("reboot afterwards.") && chroot.output.hasSuffix("/proc is a mountpoint"))
    let shell = try first.answer(#"sh -c echo "pwd; exit 3" | SHELL=/bin/bash preroot chroot"#)
    #expect(shell.status == 3 && shell.output.hasSuffix("reboot afterwards.\n/"), "\(shell.output)")
    let nowhere = try first.answer("preroot chroot nowhere")
    #expect(nowhere.status == 127 && nowhere.output.hasSuffix("preroot: Cannot run the command: No such file or directory"), "\(nowhere.output)")
    #expect(try first.answer("cat /run/initramfs/preroot/lower/opt/image/below") == ("written", 0))
    #expect(try first.answer("sh -c echo > /run/initramfs/preroot/lower/opt/image/again").output.contains("Read-only file system"))
    #expect(try first.answer(#"sh -c grep " /run/initramfs/preroot/lower " /proc/self/mountinfo | sed "s/.* - //; s/,.*//""#).output == "ext4 /dev/root ro")

    // Ctrl-C, and a terminal that goes away, end the command, and never the tool while the image is writable.
    #expect(try first.answer("interrupted INT").status == 128 + SIGINT)
    #expect(try first.answer("interrupted HUP").status == 128 + SIGHUP)
    #expect(try first.answer("sh -c echo > /run/initramfs/preroot/lower/opt/image/interrupted").output.contains("Read-only file system"))
    #expect(try first.answer("preroot reset --cancel") == ("The next boot keeps the upper", 0))
    #expect(try first.script?.output.contains("Nothing to do: no reset is pending\n") == true)
    let held = try first.answer("preroot chroot sh -c exec > /opt/image/held 2>&1 < /dev/null; sleep 60 &")
    #expect(held.status == 125)
    #expect(held.output.contains("THE IMAGE IS STILL WRITABLE. It cannot be made read-only again:\npreroot: Device or resource busy. "), "\(held.output)")

    let second = try await machine.boot()
    #expect(second.state == "running")
    // The reset kept `changed`, which this boot has changed again. All other changes are of this boot.
    try second.expectDifference()
    #expect(second.journal.entries(by: "preroot").contains { $0.message.contains("it is marked for a reset") })
  }

  @Test("The tool reports an unavailable upper that a tmpfs replaces")
  func fallenBack() async throws {
    let boot = try await Machine(.kernel(.squashfs), .asked, "preroot=LABEL=nowhere", "preroot.timeout=1").boot()
    let status = try boot.answer("preroot status")
    #expect(status.status == 1)
    #expect(status.output.hasPrefix("/ is writable, but not as requested: changes are lost at power-off\nwhy: LABEL=nowhere did not appear within 1 s\nasked: LABEL=nowhere\n"))
    let check = try boot.answer("preroot check")
    #expect(check.status == 1)
    #expect(check.output.contains("\nproblem: LABEL=nowhere is not present;"))
    #expect(try boot.answer("preroot plan").output.contains("\nmount device at /run/initramfs/preroot/upper (TYPE LABEL=nowhere nosuid,nodev)\n"))
    #expect(try boot.answer("preroot reset --keep /opt/image/changed --keep /opt/image/nowhere").status == 3)
    #expect(try boot.answer("preroot reset --cancel") == (
      "preroot: This boot does not use LABEL=nowhere, and cannot tell whether a reset is pending; to cancel one, mount it and remove its file '/reset'", 3))
    try boot.expectDifference()
  }

  @Test("The tool says that preroot is disabled", arguments: Leg.each)
  func off(leg: Leg) async throws {
    let boot = try await Machine(leg, .asked, "preroot=no").boot()
    #expect(try boot.answer("preroot status") == ("preroot had nothing to do in this boot\nwhy: Disabled by preroot=no or Enable=no", 2))
    #expect(try boot.answer("preroot check").status == 0)
    #expect(try boot.answer("preroot plan") == ("# Disabled by preroot=no or Enable=no", 0))
    #expect(try boot.answer("preroot diff /opt") == ("preroot: preroot has mounted no overlay; 'preroot status' says why", 3))
    #expect(try boot.answer("preroot reset --keep /opt/image/changed --keep /opt/image/nowhere").status == 3)
    #expect(try boot.answer("preroot chroot sh -c mountpoint /proc && echo written > /opt/image/below && exit 7").status == 125)
  }

  @Test("The tool works in a container with each scope", arguments: ["/", "/opt:/mnt"])
  func inContainer(scope: String) async throws {
    let boot = try await Machine(.container, .asked, "preroot=tmpfs", "preroot.scope=\(scope)").boot()
    let status = try boot.answer("preroot status")
    #expect(status.status == 0)
    #expect(status.output.hasPrefix("\(scope) is writable, as requested\n"))
    let check = try boot.answer("preroot check")
    #expect(check.status == 0, "\(check.output)")
    try boot.expectDifference()
    #expect(try boot.answer("preroot reset --cancel").status == 0)
    let chroot = try boot.answer("preroot chroot sh -c mountpoint /proc && echo written > /opt/image/below && exit 7")
    #expect(chroot.status == 125)
    #expect(chroot.output == "preroot: In a container (systemd-nspawn) the image belongs to the host; change it there")
  }
}
