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
    case .makeStoreDirectory(let path, let model):
      try FileDescriptor.currentDirectory.makeDirectory(path)
      unsafe try with(model, path) { unsafe linux_copy_owner_and_mode($0, $1) }
    case .removeDirectory(let path):
      try FileDescriptor.currentDirectory.removeDirectory(path)
    case .requireDirectory(let path):
      unsafe try with(path) { unsafe linux_is_directory($0) }
    case .requireSpace(let path, let bytes, let inodes):
      let space = try Space(of: path)
      guard space.freeBytes >= bytes, space.freeInodes >= inodes else { throw .noSpace }
    case .writeFile(let path, let contents):
      try FileDescriptor.currentDirectory.replace(path, contents: contents)
    case .makeLink(let path, let target):
      try FileDescriptor.currentDirectory.replaceLink(path, to: target)
    case .removeFile(let path):
      try FileDescriptor.currentDirectory.remove(path)

    case .mount(let type, let source, let path, let data):
      try mount(type, source, path, data)
    case .bindReadOnly(let path, let place):
      unsafe try with(path, place) { unsafe linux_bind($0, $1) }
      do throws(Errno) {
        unsafe try with(place) { unsafe linux_remount_bind_read_only($0) }
      } catch {
        try? unmount(place)
        throw error
      }
    case .unmount(let path):
      try unmount(path)
    case .makePrivate(let path):
      unsafe try with(path) { unsafe linux_make_private($0) }
    case .makeShared(let path):
      unsafe try with(path) { unsafe linux_make_shared($0, 0) }
    case .makeSharedRecursively(let path):
      unsafe try with(path) { unsafe linux_make_shared($0, 1) }

    case .pivot(let path):
      try pivot(to: path)
    case .carry(let path):
      try enterOldRoot()
      // Relative: on the old root. Absolute: on the new one.
      unsafe try with(path.asRelative, path) { unsafe linux_move($0, $1) }
    case .leaveOldRoot:
      try enterOldRoot()
      unsafe try with(".") { unsafe linux_detach($0) }
      unsafe try with("/") { unsafe linux_chdir($0) }
      oldRoot = nil
    }
  }

  private func mount(_ type: Text, _ source: Text, _ path: Text, _ data: Text) throws(Errno) {
    let type = type.terminated, data = data.terminated
    unsafe try with(source, path) { source, path in
      unsafe type.withCString { type in unsafe data.withCString { unsafe linux_mount(type, source, path, $0) } }
    }
  }

  @inline(never) private func unmount(_ path: Text) throws(Errno) { unsafe try with(path) { unsafe linux_unmount($0) } }

  private mutating func pivot(to path: Text) throws(Errno) {
    let old = try FileDescriptor(directory: "/")
    unsafe try with(path) { unsafe linux_chdir($0) }
    do throws(Errno) {
      unsafe try with(".") { unsafe linux_pivot_root($0, $0) }
    } catch {
      _ = unsafe try? with("/") { unsafe linux_chdir($0) }
      throw error
    }
    oldRoot = consume old
  }

  private mutating func enterOldRoot() throws(Errno) {
    guard let directory = oldRoot?.rawValue else { throw .invalidArgument }
    try check(linux_fchdir(directory))
  }
}
