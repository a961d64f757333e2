// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// PID 1's mount namespace. Mounts in any other namespace would disappear with the helper. See mount_namespaces(7).
public enum MountNamespace {
  public static func isThatOfInit() throws(Errno) -> Bool {
    try check(unsafe linux_is_same_file("/proc/self/ns/mnt", initNamespace.cString)) == 1
  }

  /// Joins PID 1's mount namespace; from then on `/` is its root. The system call is `setns`; the process must have a single thread.
  public static func enterThatOfInit() throws(Errno) {
    let file = FileDescriptor(try check(unsafe linux_open(LINUX_CURRENT_DIRECTORY, initNamespace.cString, LINUX_OPEN_TO_READ, LINUX_LOOK_ANYWHERE)))
    try check(linux_enter_mount_namespace(file.rawValue))
  }

  private static var initNamespace: Text { "/proc/1/ns/mnt" }
}
