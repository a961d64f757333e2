// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

// Steps on an encrypted device.

extension LinuxKernel {
  /// Writes what a blank device begins with: the claim for random keys, or else a LUKS header.
  @inline(never) mutating func encrypt(_ device: Text, _ crypt: Crypt) throws(Errno) {
    if case .keyFile(let path) = crypt {
      let size = try self.size(ofKey: path)
      guard size >= Encryption.minimumKeyBytes else {
        remarks.append(Remark(.error, path + " has " + Text(decimal: size) + " bytes, and a key has at least 32; 'head -c 64 /dev/urandom' makes one"))
        throw .invalidArgument
      }
    }
    // This writes nothing: if the kernel lacks dm-crypt or the cipher, the device stays blank.
    try open(device, as: Paths.mapping, .random)
    try close(Paths.mapping)
    if crypt == .random { return try BlockDevice.claim(device) }
    var outcome: Program.Outcome
    do throws(Errno) { outcome = try BlockDevice.encrypt(device, crypt, limitMicroseconds: TimeLimit.encryption.microseconds) } catch {
      throw missing(error, "cryptsetup is not")
    }
    guard outcome.isSuccess else { throw report(outcome, of: "cryptsetup") }
    remarks.append(Remark(.notice, device + " was blank; created a LUKS header"))
  }

  @inline(never) mutating func open(_ device: Text, as mapping: Text, _ crypt: Crypt) throws(Errno) {
    if case .keyFile(let path) = crypt { _ = try size(ofKey: path) }
    if crypt == .random { try waitForRandomness() }
    let encryption = Encryption(device, crypt), name = mapping.fileName
    do throws(Errno) { try run(encryption.openingBySystemd(as: name), or: encryption.opening(as: name)) } catch {
      // No key can be wrong here, and the programs only name the kernel's error.
      if crypt == .random, error == .inputOutput { remarks.append(Remark(.error, "the kernel cannot encrypt; it needs dm-crypt and AES-XTS")) }
      throw error
    }
  }

  mutating func close(_ mapping: Text) throws(Errno) {
    try run(Text("systemd-cryptsetup detach").words + [mapping.fileName], or: Text("cryptsetup close").words + [mapping.fileName])
  }

  /// Runs the first command, and the second one if the first has no program or fails.
  @inline(never) private mutating func run(_ first: [Text], or second: [Text]) throws(Errno) {
    let start = remarks.count
    var failure: Errno?
    for isFirst in [true, false] {
      do throws(Errno) {
        let outcome = try Program.run(isFirst ? first : second, limitMicroseconds: TimeLimit.encryption.microseconds)
        if outcome.isSuccess {
          for place in start..<remarks.count { remarks[place].priority = .notice }
          return
        }
        // The shell's way to say that there is no such program.
        if outcome.end == .exited(127) { continue }
        failure = report(outcome, of: isFirst ? "systemd-cryptsetup" : "cryptsetup")
      } catch { guard error == .noSuchFileOrDirectory else { throw error } }
    }
    throw failure ?? missing(.noSuchFileOrDirectory, "neither systemd-cryptsetup nor cryptsetup is")
  }

  /// Waits until the kernel's random numbers are unpredictable: a boot begins without, and the programs read /dev/urandom, which does not
  /// wait. See random(7).
  private mutating func waitForRandomness() throws(Errno) {
    do throws(Errno) { try check(linux_wait_for_randomness(TimeLimit.randomness.microseconds)) } catch {
      remarks.append(Remark(.error, "The kernel has gathered too little randomness for a key"))
      throw error
    }
  }

  private mutating func size(ofKey path: Text) throws(Errno) -> Int {
    var size: Int?
    do throws(Errno) {
      let status = try FileStatus(of: path)
      if status.isRegularFile { size = Int(clamping: status.size) }
    } catch { guard error == .noSuchFileOrDirectory else { throw error } }
    guard let size else {
      remarks.append(Remark(.error, path + " of preroot.crypt= is not a file of the image"))
      throw .noSuchFileOrDirectory
    }
    return size
  }

  /// Adds a remark if an error means that a program is missing, and returns the error.
  private mutating func missing(_ error: Errno, _ programs: Text) -> Errno {
    if error == .noSuchFileOrDirectory { remarks.append(Remark(.error, programs + " in the image")) }
    return error
  }
}
