// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The lower layer as the root of other programs, in the caller's own mount namespace.
public enum Lower {
  /// Whether the caller is root; nobody else may do any of this. See geteuid(2).
  public static var isSuperuser: Bool { linux_effective_user() == 0 }

  /// Makes later mounts visible to this process and its children only.
  public static func leaveMountNamespace() throws(Errno) { try check(linux_leave_mount_namespace()) }

  /// Makes the lower writable in this namespace, and removes nosuid and nodev, which protect the layers from users: sudo and devices have
  /// to work in the image (mount(2): a remount sets all flags, except the access time ones).
  ///
  /// - Parameter withFileSystem: whether the superblock was read-only as well.
  public static func makeWritable(_ path: Text, withFileSystem: Bool) throws(Errno) { try remount(path, isReadOnly: false, withFileSystem) }
  public static func makeReadOnly(_ path: Text, withFileSystem: Bool) throws(Errno) { try remount(path, isReadOnly: true, withFileSystem) }

  private static func remount(_ path: Text, isReadOnly: Bool, _ withFileSystem: Bool) throws(Errno) {
    try check(unsafe linux_remount(path.cString, isReadOnly ? 1 : 0, withFileSystem ? 1 : 0))
  }

  /// Binds a directory, with all mounts below it, at a second path.
  public static func bind(_ source: Text, at target: Text) throws(Errno) {
    try check(unsafe linux_bind_recursively(source.cString, target.cString))
  }

  public static func detach(_ path: Text) throws(Errno) { try check(unsafe linux_detach(path.cString)) }

  /// Ignores the signals that end a program from outside: a lost terminal, keys, kill(1), a closed pipe.
  ///
  /// - Returns: the mask that `run` undoes for its program.
  public static func ignoreEndings() -> UInt64 {
    // SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM. See signal(7).
    linux_ignore_signals(1 << 1 | 1 << 2 | 1 << 3 | 1 << 13 | 1 << 15)
  }

  /// Runs a program with `root` as its root directory and the caller's terminal, and waits for its end.
  ///
  /// - Returns: the exit status as shells report it: 126 if the program cannot be executed, 127 if it does not exist, 128 plus the number of
  ///   a signal.
  public static func run(_ arguments: [Text], below root: Text, ignoring ignored: UInt64) throws(Errno) -> Int32 {
    guard let name = arguments.first else { throw .invalidArgument }
    switch try Child(name, arguments, root: root, signals: ignored).end(waiting: true) {
    case .exited(let status): return Int32(truncatingIfNeeded: status)
    case .killed(let signal): return Int32(truncatingIfNeeded: 128 + signal)
    case nil: return 1
    }
  }
}
