import CLinux
import PrerootCore

/// Performs operations with system calls, in the calling process's mount namespace.
public struct LinuxKernel: Kernel, ~Copyable {
  /// The root before the pivot, held to reach what is still mounted there.
  private var oldRoot: FileDescriptor? = nil

  public init() {}

  public var microseconds: Int { Int(truncatingIfNeeded: linux_monotonic_microseconds()) }

  public mutating func perform(_ operation: MountOperation) throws(Errno) {
    switch operation {
    case .makeDirectory(let path):
      try FileDescriptor.currentDirectory.makeDirectory(path)
    case .makeDirectoryLike(let path, let model):
      try FileDescriptor.currentDirectory.makeDirectory(path)
      try check(unsafe model.withCString { model in unsafe path.withCString { unsafe linux_copy_owner_and_mode(model, $0) } })
    case .removeDirectory(let path):
      try FileDescriptor.currentDirectory.removeDirectory(path)
    case .requireDirectory(let path):
      try check(unsafe path.withCString { unsafe linux_is_directory($0) })
    case .requireSpace(let path, let bytes, let inodes):
      let space = try Space(of: path)
      guard space.freeBytes >= bytes, space.freeInodes >= inodes else { throw .noSpace }
    case .writeFile(let path, let contents):
      try write(contents, to: path)
    case .makeLink(let path, let target):
      try? FileDescriptor.currentDirectory.remove(path)
      try FileDescriptor.currentDirectory.makeLink(path, to: target)
    case .removeFile(let path):
      try FileDescriptor.currentDirectory.remove(path)

    case .mount(let type, let source, let path, let data):
      try check(unsafe type.withCString { type in
        unsafe source.withCString { source in
          unsafe path.withCString { path in
            unsafe data.withCString { unsafe linux_mount(type, source, path, $0) }
          }
        }
      })
    case .bindReadOnly(let path, let place):
      try check(unsafe path.withCString { path in unsafe place.withCString { unsafe linux_bind(path, $0) } })
      do throws(Errno) {
        try check(unsafe place.withCString { unsafe linux_remount_bind_read_only($0) })
      } catch {
        _ = unsafe place.withCString { unsafe linux_unmount($0) }
        throw error
      }
    case .unmount(let path):
      try check(unsafe path.withCString { unsafe linux_unmount($0) })
    case .makePrivate(let path):
      try check(unsafe path.withCString { unsafe linux_make_private($0) })
    case .makeShared(let path):
      try check(unsafe path.withCString { unsafe linux_make_shared($0, 0) })
    case .makeSharedRecursively(let path):
      try check(unsafe path.withCString { unsafe linux_make_shared($0, 1) })

    case .pivot(let path):
      try pivot(to: path)
    case .carry(let path):
      try enterOldRoot()
      // Relative: on the old root. Absolute: on the new one.
      try check(unsafe path.asRelative.withCString { old in unsafe path.withCString { unsafe linux_move(old, $0) } })
    case .leaveOldRoot:
      try enterOldRoot()
      try check(unsafe Text(".").withCString { unsafe linux_detach($0) })
      try check(unsafe Text("/").withCString { unsafe linux_chdir($0) })
      oldRoot = nil
    }
  }

  private mutating func pivot(to path: Text) throws(Errno) {
    let old = try FileDescriptor(directory: "/")
    try check(unsafe path.withCString { unsafe linux_chdir($0) })
    do throws(Errno) {
      try check(unsafe Text(".").withCString { unsafe linux_pivot_root($0, $0) })
    } catch {
      _ = unsafe Text("/").withCString { unsafe linux_chdir($0) }
      throw error
    }
    oldRoot = consume old
  }

  private mutating func enterOldRoot() throws(Errno) {
    guard let directory = oldRoot?.rawValue else { throw .invalidArgument }
    try check(linux_fchdir(directory))
  }

  /// Atomic as others see it: written under another name, then renamed.
  private func write(_ contents: Text, to path: Text) throws(Errno) {
    let temporary: Text = "\(path).preroot"
    try? FileDescriptor.currentDirectory.remove(temporary)
    do throws(Errno) {
      try FileDescriptor.currentDirectory.create(temporary, contents: contents, mode: 0o444)
      try FileDescriptor.currentDirectory.rename(temporary, to: path)
    } catch {
      try? FileDescriptor.currentDirectory.remove(temporary)
      throw error
    }
  }
}
