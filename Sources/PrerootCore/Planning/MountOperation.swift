/// One thing to do to the mount table or to a file, as a value. `Kernel.perform(_:)` does it.
///
/// Indirect for its size in the program: a pointer is copied in fewer instructions than four texts.
public indirect enum MountOperation: Equatable, Sendable {
  /// Makes a directory of mode 0755; one that is there already will do.
  case makeDirectory(Text)
  /// Makes a directory on the upper's file system with the owner and the mode of another: an overlay shows those of its
  /// upper directory. It goes with the file system, or stays with it.
  case makeStoreDirectory(Text, like: Text)
  /// Removes a directory if it is empty.
  case removeDirectory(Text)
  /// Fails with ENOENT or ENOTDIR where there is no such directory.
  case requireDirectory(Text)
  /// Fails with ENOSPC where the file system has less left than this.
  case requireSpace(at: Text, bytes: Int, inodes: Int)
  /// Writes a file anew, in one step as seen by others, readable by all and writable by none.
  case writeFile(Text, contents: Text)
  case makeLink(Text, to: Text)
  case removeFile(Text)

  case mount(type: Text, source: Text, at: Text, data: Text)
  /// Shows one mount at a second place, read-only, and without what is mounted below it.
  case bindReadOnly(Text, at: Text)
  case unmount(Text)
  /// Stops (private) or restarts (shared) the propagation of mounts. See mount_namespaces(7).
  case makePrivate(Text)
  case makeShared(Text)
  case makeSharedRecursively(Text)

  /// Makes the mount at this path the root of all processes of the mount namespace, PID 1 included; the old root lies on
  /// top of it until `leaveOldRoot`. See pivot_root(2), "pivot_root(".", ".")".
  case pivot(to: Text)
  /// Moves what is mounted here on the old root to the same place on the new one.
  case carry(Text)
  case leaveOldRoot

  /// One line, as --dry-run prints it.
  public var text: Text {
    switch self {
    case .makeDirectory(let path): "make directory \(path)"
    case .makeStoreDirectory(let path, let model): "make directory \(path) like \(model)"
    case .removeDirectory(let path): "remove directory \(path)"
    case .requireDirectory(let path): "require directory \(path)"
    case .requireSpace(let path, let bytes, let inodes): "require \(bytes) bytes and \(inodes) inodes free on \(path)"
    case .writeFile(let path, _): "write \(path)"
    case .makeLink(let path, let target): "link \(path) to \(target)"
    case .removeFile(let path): "remove \(path)"
    case .mount(let type, let source, let path, let data): "mount \(type) '\(source)' at \(path) (\(data))"
    case .bindReadOnly(let path, let place): "bind \(path) read-only at \(place)"
    case .unmount(let path): "unmount \(path)"
    case .makePrivate(let path): "make \(path) private"
    case .makeShared(let path): "make \(path) shared"
    case .makeSharedRecursively(let path): "make \(path) and all below it shared"
    case .pivot(let path): "pivot to \(path)"
    case .carry(let path): "carry \(path) over"
    case .leaveOldRoot: "leave the old root"
    }
  }
}

extension MountOperation {
  /// What takes it back; nil where nothing has to be.
  public var inverse: MountOperation? {
    switch self {
    case .makeDirectory(let path): .removeDirectory(path)
    case .makeLink(let path, _): .removeFile(path)
    case .mount(_, _, let place, _), .bindReadOnly(_, let place): .unmount(place)
    case .makePrivate(let path): .makeShared(path)
    default: nil
    }
  }
}
