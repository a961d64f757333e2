// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

// Checks what an encrypted upper needs of the image and the kernel.

extension Findings {
  mutating func lookAtEncryption(_ settings: Settings, _ machine: borrowing Machine, _ image: borrowing Machine) {
    let hasSystemd = image.exists("/usr/lib/systemd/systemd-cryptsetup") || image.exists("/lib/systemd/systemd-cryptsetup") || image.hasProgram("systemd-cryptsetup")
    if !hasSystemd, !image.hasProgram("cryptsetup") {
      problem("systemd-cryptsetup and cryptsetup are missing, one of which Crypt= needs: install one")
    } else if !hasSystemd, settings.crypt == .auto {
      note("systemd-cryptsetup is missing; only an empty passphrase is tried, and no TPM2")
    }
    if case .keyFile(let path) = settings.crypt {
      if image.size(of: path) == nil { problem(path + " of Crypt= is not a file of the image: put the key there") }
      else if image.isReadableByAll(path) { note(path + " is readable by all users: 'chmod 400' changes that") }
    }
    lookForDMCrypt(machine, image)
  }

  /// Looks for dm-crypt, in the running kernel or among the image's modules. A kernel does not say whether it has it built in.
  private mutating func lookForDMCrypt(_ machine: borrowing Machine, _ image: borrowing Machine) {
    if machine.exists("/sys/module/dm_crypt") { return good("The kernel has dm-crypt") }
    for directory in Text("/usr/lib/modules /lib/modules").words {
      for release in image.names(in: directory) where !release.hasPrefix(".") {
        for list in Text("/modules.builtin /modules.dep").words {
          if image.lists("dm-crypt", in: directory + "/" + release + list) { return good(Text("The kernel ") + release + " has dm-crypt") }
        }
        return problem(Text("The kernel ") + release + " has no dm-crypt: build it with CONFIG_DM_CRYPT=y, or put its module into the image")
      }
    }
    note("The image has no modules; its kernel needs dm-crypt built in (CONFIG_DM_CRYPT=y)")
  }
}

extension Machine {
  /// Returns the size of a regular file; nil if there is none.
  borrowing func size(of path: Text) -> Int? { status(of: path).map { Int(clamping: $0.size) } }

  fileprivate borrowing func isReadableByAll(_ path: Text) -> Bool { status(of: path).map { $0.mode & 0o004 != 0 } == true }

  @inline(never) private borrowing func status(of path: Text) -> FileStatus? {
    do throws(Errno) {
      let status = try root.status(of: path.asRelative)
      return status.isRegularFile ? status : nil
    } catch { return nil }
  }
}
