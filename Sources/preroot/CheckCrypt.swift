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
    // A kernel does not say whether it has dm-crypt built in.
    if machine.exists("/sys/module/dm_crypt") { return good("The kernel has dm-crypt") }
    lookForModule("dm-crypt", option: "CONFIG_DM_CRYPT", canBeUnlisted: true, machine, image)
  }

  /// Checks what makes a LUKS header.
  mutating func lookAtHeader(_ settings: Settings, _ image: borrowing Machine) {
    if !image.hasProgram("cryptsetup") { problem("cryptsetup is missing, which Format=blank needs for a LUKS header: install it") }
    if case .keyFile(let path) = settings.crypt, let size = image.size(of: path), size < Encryption.minimumKeyBytes {
      problem(path + " has " + Text(decimal: size) + " bytes, and a key has at least 32: make one by 'head -c 64 /dev/urandom'")
    }
  }
}

extension Machine {
  /// Returns the size of a regular file; nil if there is none.
  fileprivate borrowing func size(of path: Text) -> Int? { status(of: path).map { Int(clamping: $0.size) } }

  fileprivate borrowing func isReadableByAll(_ path: Text) -> Bool { status(of: path).map { $0.mode & 0o004 != 0 } == true }

  @inline(never) private borrowing func status(of path: Text) -> FileStatus? {
    do throws(Errno) {
      let status = try root.status(of: path.asRelative)
      return status.isRegularFile ? status : nil
    } catch { return nil }
  }
}
