// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Runs a command or a shell in the image below the overlay. The image is writable until that ends.
///
/// The mounts are in a private namespace and disappear with this process. The superblock, however, is shared: it becomes writable for
/// everyone, has to be made read-only again, and a failure to do so is reported loudly.
func chroot(_ command: [Text], on machine: borrowing Machine) throws(Complaint) -> Int32 {
  let image: Image
  let ignored: UInt64
  do throws(Complaint) {
    image = try Image(on: machine)
    StandardError.write("""
      preroot: The image is writable until this ends. The kernel does not promise what an overlay shows of files that change below it:
      preroot: reboot afterwards.

      """)
    // A key or a lost terminal must not end this while the image is writable.
    ignored = Lower.ignoreEndings()
    try attempt("Cannot leave the mount namespace") { () throws(Errno) in try Lower.leaveMountNamespace() }
    try attempt("Cannot make the image writable") { () throws(Errno) in
      try Lower.makeWritable(Paths.lower, withFileSystem: image.isFileSystemReadOnly)
    }
  } catch {
    throw Complaint(error.text, status: .chroot)
  }
  var status = ExitStatus.chroot.rawValue
  do throws(Complaint) {
    for directory in Image.apiDirectories {
      try attempt(Text("Cannot show ") + directory + " in the image") { () throws(Errno) in try Lower.bind(directory, at: Paths.lower + directory) }
    }
    let command = command.isEmpty ? [Image.shell(on: machine)] : command
    status = try attempt("Cannot run the command") { () throws(Errno) in try Lower.run(command, below: Paths.lower, ignoring: ignored) }
  } catch {
    StandardError.say(Text("preroot: ") + error.text)
  }
  return image.close() ? status : ExitStatus.chroot.rawValue
}

/// The image's file system, and its state before.
private struct Image {
  static var apiDirectories: [Text] { Text("/proc /sys /dev /run").words }

  /// Whether the superblock is read-only; else only the mount is.
  let isFileSystemReadOnly: Bool

  /// - Throws: why the image cannot be written, and what to do instead.
  init(on machine: borrowing Machine) throws(Complaint) {
    try Machine.requireSuperuser(to: "change the image")
    let facts = BootFacts(asSeenOn: machine)
    guard !facts.mountInfo.overlays.isEmpty, let lower = facts.mountInfo.image else {
      throw Complaint("preroot has mounted no overlay, so there is no image below one; 'preroot status' says why")
    }
    if let name = facts.containerName { throw Complaint(Text("In a container (") + name + ") the image belongs to the host; change it there") }
    if lower.fileSystemType.isOne(of: BootFacts.readOnlyFileSystems) {
      throw Complaint(lower.fileSystemType + " cannot be written: rebuild the image, or keep the changes in an upper on a device (preroot.conf(5), Upper=)")
    }
    if machine.isReadOnly(device: Text("/sys/dev/block/") + lower.majorMinor) {
      throw Complaint(Text("The kernel treats ") + lower.mountSource + " (" + lower.majorMinor + ") as read-only: 'blockdev --setrw' changes that, unless it is protected or verified")
    }
    isFileSystemReadOnly = !lower.isWritable
  }

  /// Returns the caller's shell, if the image has it.
  static func shell(on machine: borrowing Machine) -> Text {
    if let shell = Machine.variable(.shell), shell.hasPrefix("/"), machine.exists(Paths.lower + shell) { return shell }
    return "/bin/sh"
  }

  /// Undoes the changes, or reports that it could not.
  func close() -> Bool {
    for directory in Self.apiDirectories.reversed() { try? Lower.detach(Paths.lower + directory) }
    if !isFileSystemReadOnly { return true }
    var failure = Errno.timedOut
    // Processes that the command left behind may take a moment to die.
    for attempt in 1...20 {
      if attempt > 1 { LinuxKernel.sleep(microseconds: 100_000) }
      do throws(Errno) {
        try Lower.makeReadOnly(Paths.lower, withFileSystem: true)
        return true
      } catch { failure = error }
    }
    StandardError.write(Text("""
      preroot: ******************************************************************
      preroot: THE IMAGE IS STILL WRITABLE. It cannot be made read-only again:
      preroot: 
      """) + failure.text + """
      . A program may still have a file of it open.
      preroot: Stop that and reboot; a power cut now can damage the image.
      preroot: ******************************************************************

      """)
    return false
  }
}
