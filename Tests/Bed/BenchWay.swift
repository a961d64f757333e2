// SPDX-License-Identifier: MIT
import Support

/// A way to boot one image under User Mode Linux. docs/performance.md describes each.
enum BenchWay: String, CaseIterable, Sendable {
  case plain = "plain, read-only"
  case initramfs = "an initramfs (busybox)"
  case wrapper = "an init= wrapper (sh)"
  case firstProcess = "init=/usr/lib/preroot/overlay-prep"
  case tmpfs = "preroot=tmpfs"
  case reload = "preroot=tmpfs, Switch=reload"
  case device = "preroot=/dev/ubdb"

  /// - Throws: ``Problem`` if the disk or the initramfs cannot be made.
  func machine(_ suite: Suite) async throws -> Machine {
    // logind fails on a read-only root. The script runs after the boot.
    let tree = Tree(suite).linking("/etc/systemd/system/systemd-logind.service", to: "/dev/null")
      .running("grep MemAvailable: /proc/meminfo; sync; cat /sys/block/ubdb/stat 2> /dev/null")
    var machine = Machine(.kernel(.squashfs), tree)
    machine.words = ["preroot=tmpfs"]
    switch self {
    case .plain, .initramfs, .wrapper:
      machine.tree = tree.withoutPreroot
      machine.words = []
      if self == .initramfs { machine.initramfs = try await Initramfs.path() }
      if self == .wrapper {
        machine.tree = machine.tree.with("/usr/sbin/overlay-init", try Checkout.bedText("bench-wrapper"), mode: 0o755)
        machine.words = ["init=/usr/sbin/overlay-init"]
      }
    case .firstProcess: machine.entrance = .firstProcess
    case .tmpfs: break
    case .reload: machine.words.append("preroot.switch=reload")
    case .device:
      machine.words = ["preroot=/dev/ubdb"]
      machine.disks = [try await Disk.ext4(megabytes: 128)]
    }
    return machine
  }
}
