// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The lower layer as a root for other programs, in a mount namespace of the caller's own.
public enum Lower {
  /// Whether the caller is root, who alone may do any of this. See geteuid(2).
  public static var isSuperuser: Bool { linux_effective_user() == 0 }

  /// What is mounted from now on is seen by this process and its children only.
  public static func leaveMountNamespace() throws(Errno) { try check(linux_leave_mount_namespace()) }

  /// Without the nosuid and nodev that keep users from the layers, for this namespace: in the image, sudo and devices are to work (mount(2):
  /// a remount sets all flags, except those of time).
  ///
  /// - Parameter withFileSystem: whether the file system itself was read-only, too, for everybody.
  public static func makeWritable(_ path: Text, withFileSystem: Bool) throws(Errno) { try remount(path, isReadOnly: false, withFileSystem) }
  public static func makeReadOnly(_ path: Text, withFileSystem: Bool) throws(Errno) { try remount(path, isReadOnly: true, withFileSystem) }

  private static func remount(_ path: Text, isReadOnly: Bool, _ withFileSystem: Bool) throws(Errno) {
    try check(unsafe linux_remount(path.cString, isReadOnly ? 1 : 0, withFileSystem ? 1 : 0))
  }

  /// Shows a directory with all that is mounted below it at a second place.
  public static func bind(_ source: Text, at target: Text) throws(Errno) {
    try check(unsafe linux_bind_recursively(source.cString, target.cString))
  }

  public static func detach(_ path: Text) throws(Errno) { try check(unsafe linux_detach(path.cString)) }

  /// Ignores what ends programs from outside: a terminal that goes away, keys, another's wish, a reader that has gone.
  ///
  /// - Returns: what `run` has to undo for the program.
  public static func ignoreEndings() -> UInt64 {
    // SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM. See signal(7).
    linux_ignore_signals(1 << 1 | 1 << 2 | 1 << 3 | 1 << 13 | 1 << 15)
  }

  /// Runs a program with `root` for its root to its end, with the terminal of the caller.
  ///
  /// - Returns: its exit status, as shells have it: 126 and 127 where it cannot be run and is not there, 128 and more for a signal.
  public static func run(_ arguments: [Text], below root: Text, ignoring ignored: UInt64) throws(Errno) -> Int32 {
    guard let name = arguments.first else { throw .invalidArgument }
    switch try Child(name, arguments, root: root, signals: ignored).end(waiting: true) {
    case .exited(let status): return Int32(truncatingIfNeeded: status)
    case .killed(let signal): return Int32(truncatingIfNeeded: 128 + signal)
    case nil: return 1
    }
  }
}
