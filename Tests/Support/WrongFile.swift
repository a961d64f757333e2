// SPDX-License-Identifier: MIT
import Glibc

/// Things that an image, a USB stick or an administrator may have put where a small file belongs.
public enum WrongFile: String, CaseIterable, Sendable, CustomStringConvertible {
  case danglingLink = "a dangling link"
  case loop = "a loop"
  case directory = "a directory"
  case fifo = "a FIFO"
  case zeroes = "a link to /dev/zero"
  case device = "a device"
  case sparse = "a sparse file"

  public var description: String { rawValue }

  /// Puts it at a free path. This uses no Foundation, which may look for files of its own on the root, and a test may have another root.
  ///
  /// - Throws: ``Problem`` if that fails.
  public func lay(at path: String) throws {
    let result =
      switch self {
      case .danglingLink: symlink("nowhere", path)
      case .loop: symlink(String(path.split(separator: "/").last ?? ""), path)
      case .directory: mkdir(path, 0o755)
      case .fifo: mkfifo(path, 0o644)
      case .zeroes: symlink("/dev/zero", path)
      // The numbers are those of /dev/zero.
      case .device: mknod(path, S_IFCHR | 0o666, 0x105)
      case .sparse: close(creat(path, 0o644)) == 0 ? truncate(path, 64 << 30) : -1
      }
    guard result == 0 else { throw Problem("Cannot lay \(self) at \(path): \(String(cString: strerror(errno)))") }
  }
}
