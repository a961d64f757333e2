import CLinux
import PrerootCore

/// Performs operations with system calls, in the calling process's mount namespace.
public struct LinuxKernel: Kernel, ~Copyable {
  /// The root before the pivot, held to reach what is still mounted there.
  private var oldRoot: FileDescriptor? = nil
  /// On what was found on the way and is no failure, for the log.
  public var remarks: [Remark] = []

  public init() {}

  public var microseconds: Int64 { linux_monotonic_microseconds() }

  public static func sleep(microseconds: Int64) { linux_sleep(microseconds) }

  public mutating func perform(_ step: Step) throws(Errno) {
    let path = step.path, other = step.other
    switch step.verb {
    case .makeDirectory:
      try FileDescriptor.currentDirectory.makeDirectory(path)
    case .makeStoreDirectory:
      try makeStoreDirectory(path, like: other)
    case .removeDirectory:
      do throws(Errno) { try FileDescriptor.currentDirectory.removeDirectory(path) } catch {
        guard error == .directoryNotEmpty else { throw error }
      }
    case .requireDirectory:
      unsafe try with(path) { unsafe linux_is_directory($0) }
    case .requireMountPoint:
      guard FileDescriptor.currentDirectory.exists(path) else { throw .noSuchFileOrDirectory }
    case .requireSpace:
      let space = try Space(of: path)
      guard space.freeBytes >= StorePlan.minimumBytes, space.freeInodes >= StorePlan.minimumInodes else { throw .noSpace }
    case .writeFile:
      try FileDescriptor.currentDirectory.replace(path, contents: other)
    case .makeLink:
      try FileDescriptor.currentDirectory.replaceLink(path, to: other)
    case .removeFile:
      try FileDescriptor.currentDirectory.remove(path)
    case .settleMachineID:
      try settleMachineID(other, in: path)
    case .unsettleMachineID:
      unsettleMachineID(in: path)

    case .format, .check, .requireFitness, .mountDevice, .writeDurably, .removeDurably, .setAside, .takeBack, .deleteTree, .seed:
      try performOnStore(step)
    case .makeMountPoint:
      let here = FileDescriptor.currentDirectory
      for directory in path.parents + [path] where !here.exists(directory) { try here.makeDirectory(directory) }

    case .mountTmpfs:
      unsafe try with(path, other) { unsafe linux_mount_tmpfs($0, $1) }
    case .mountOverlay:
      unsafe try with(path, other) { unsafe linux_mount_overlay($0, $1) }
    case .bindReadOnly:
      unsafe try with(other, path) { unsafe linux_bind_read_only($0, $1) }
    case .bind:
      unsafe try with(other, path) { unsafe linux_bind($0, $1) }
    case .unmount:
      unsafe try with(path) { unsafe linux_unmount($0) }
    case .makePrivate:
      unsafe try with(path) { unsafe linux_make_private($0) }
    case .makeShared:
      unsafe try with(path) { unsafe linux_make_shared($0, 0) }
    case .makeSharedRecursively:
      unsafe try with(path) { unsafe linux_make_shared($0, 1) }

    case .pivot:
      try pivot(to: path)
    case .carry:
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
