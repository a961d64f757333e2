// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

// Steps on the mount table. See mount(2), umount2(2).

extension LinuxKernel {
  func mount(_ source: Text, at target: Text, type: Text, _ options: MountOptions) throws(Errno) {
    try check(unsafe linux_mount(source.cString, target.cString, type.cString, options.flags, options.data.cString))
  }

  /// The kernel ignores the flags of a new bind, so a second call sets them. Unmounts the bind if that fails.
  func bind(_ source: Text, at path: Text, flags: UInt64) throws(Errno) {
    let target = try Place(path)
    unsafe try show(Place(source), at: target) { unsafe linux_bind($0, $1) }
    if flags == 0 { return }
    do throws(Errno) {
      // Opened after the bind, this is the top of the bind itself.
      try target.open().withPath { target throws(Errno) in try check(unsafe linux_change_mount(target.cString, flags)) }
    } catch {
      try? unmount(path)
      throw error
    }
  }

  func bindRecursively(_ source: Text, at target: Text) throws(Errno) {
    unsafe try show(Place(source), at: Place(target)) { unsafe linux_bind_recursively($0, $1) }
  }

  private func show(
    _ source: borrowing Place, at target: borrowing Place, _ call: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
  ) throws(Errno) {
    let target = try target.open()
    try source.open().withPath { source throws(Errno) in try target.withPath { target throws(Errno) in try check(unsafe call(source.cString, target.cString)) } }
  }

  func unmount(_ path: Text) throws(Errno) {
    try check(unsafe linux_unmount(Place(path).resolved.cString))
  }

  @inline(never) static func remount(_ path: Text, isReadOnly: Bool) throws(Errno) {
    try check(unsafe linux_remount_file_system(path.cString, isReadOnly ? 1 : 0))
  }

  /// A failure costs writes, and nothing else.
  mutating func forbidWriting(_ path: Text) {
    do throws(Errno) { try Self.remount(path, isReadOnly: true) } catch {
      remarks.append(Remark(.warning, Text("Cannot make the upper's file system read-only, ignoring: ") + error.text))
    }
  }

  /// Leaves the file system alone if the upper is on it.
  mutating func makeFileSystemReadOnly(_ path: Text) throws(Errno) {
    if try FileStatus(of: path).device == FileStatus(of: Paths.store).device {
      remarks.append(Remark(.notice, "The image's file system stays writable, as the upper is on it"))
      return
    }
    try Self.remount(path, isReadOnly: true)
  }
}
