// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Loop devices on a part of another device, without losetup(8).
public enum LoopDevice {
  /// Returns a device that is not in use.
  public static func free() throws(Errno) -> Text {
    let control = FileDescriptor(try check(linux_open_loop_control()))
    return Text("/dev/loop") + Text(decimal: Int(try check(linux_free_loop(control.rawValue))))
  }

  /// Attaches a free one. The kernel detaches it when the result is closed and nothing is mounted from it, even if this process is killed.
  static func attach(_ path: Text, to device: Text, _ part: Text) throws(Errno) -> FileDescriptor {
    guard let (start, bytes) = Tail.extent(ofPart: part) else { throw .invalidArgument }
    let backing = try BlockDevice(toShare: device), loop = try BlockDevice(toShare: path)
    try check(linux_attach_loop(loop.file.rawValue, backing.file.rawValue, start, bytes))
    return loop.file
  }
}
