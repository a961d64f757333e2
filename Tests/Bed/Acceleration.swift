// SPDX-License-Identifier: MIT
import SystemPackage

/// Whether this machine's processor runs a kernel in QEMU, found out once for each process.
///
/// /dev/kvm alone says too little. With PVM, a KVM for machines that are virtual themselves, it is there, and a kernel that knows nothing of PVM hangs.
actor Acceleration {
  static let shared = Acceleration()
  private var task: Task<[String], Never>?

  /// QEMU's words for the fastest way to run the kernel.
  func words(for board: Board, kernel: FilePath) async -> [String] {
    let task = task ?? Task {
      // Without a root the kernel panics, reboots, and so ends QEMU.
      let probe = ["20", board.program] + board.arguments + ["-accel", "kvm", "-m", "128", "-nographic", "-no-reboot", "-nic", "none", "-kernel", kernel.string, "-append", "console=ttyS0 panic=-1"]
      let console = try? await Command("timeout", probe).output()
      return ["-accel", console?.contains("Unable to mount root fs") == true ? "kvm" : "tcg"]
    }
    self.task = task
    return await task.value
  }
}
