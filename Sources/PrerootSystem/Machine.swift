// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The source of facts: the machine at `/`, or an image in a directory, whose links do not lead out of it.
///
/// This is the only seam: in tests, `$PREROOT_ROOT` names a directory that replaces `/`. Absolute links do lead out of that one.
public struct Machine: ~Copyable {
  public let root: Directory

  /// - Throws: the errors of opening the directory.
  public init() throws(Errno) {
    root = try Directory(Self.variable(.root) ?? "/")
  }

  /// Opens a directory of another machine as a machine.
  public init(_ path: Text, on other: borrowing Machine) throws(Errno) {
    let path = path.asRelative
    root = try other.root.directory(path.isEmpty ? "." : path, lookup: .inRoot)
  }

  /// Opens a directory as a machine.
  public init(at path: Text) throws(Errno) { root = try Directory(path, lookup: path == "/" ? .anywhere : .inRoot) }

  /// Returns the contents of a small file; nil if it cannot be read for any reason. `path` is absolute.
  @inline(never) public func contents(_ path: Text) -> Text? {
    do throws(Errno) { return try root.read(path.asRelative) } catch { return nil }
  }

  /// Returns the contents of a small file; nil if it does not exist.
  ///
  /// - Throws: the error of reading an existing file. A dangling symbolic link counts as existing.
  @inline(never) public func read(_ path: Text) throws(Errno) -> Text? {
    do throws(Errno) { return try root.read(path.asRelative) } catch {
      if error == .noSuchFileOrDirectory, root.target(ofLink: path.asRelative) == nil { return nil }
      throw error
    }
  }

  /// Returns whether the file exists and reading it gives nothing.
  public func isEmpty(_ path: Text) -> Bool { root.isEmpty(path.asRelative) }

  /// Returns the contents of a small file; empty if it cannot be read, where the difference does not matter.
  @inline(never) public func text(_ path: Text) -> Text { contents(path) ?? Text() }

  /// Returns the mounts in a process's mount namespace. The table is large on a machine with very many containers. See
  /// proc_pid_mountinfo(5).
  @inline(never) public func mounts(of process: Text = "1") -> MountInfo {
    do throws(Errno) {
      return MountInfo(parsing: try root.read(Text("proc/") + process + "/mountinfo", limit: 16 << 20))
    } catch { return MountInfo() }
  }

  /// Returns the first 4 KiB, or less if there is less.
  func beginning(of path: Text) -> Text {
    do throws(Errno) { return try BlockDevice(path, on: self).beginning } catch { return Text() }
  }

  /// Returns whether the kernel reports a block device as read-only; flash has no such attribute. See linux:
  /// Documentation/ABI/stable/sysfs-block.
  ///
  /// - Parameter directory: the device's directory below /sys.
  @inline(never) public func isReadOnly(device directory: Text) -> Bool { contents(directory + "/ro")?.hasPrefix("1") == true }

  @inline(never) public func exists(_ path: Text) -> Bool { root.exists(path.asRelative) }
  @inline(never) public func names(in path: Text) -> [Text] { root.names(in: path.asRelative) }
  @inline(never) public func target(ofLink path: Text) -> Text? { root.target(ofLink: path.asRelative) }

  /// Returns an environment variable. See getenv(3).
  @inline(never) public static func variable(_ variable: Variable) -> Text? {
    guard let value = unsafe linux_getenv(variable.word.cString) else { return nil }
    return unsafe Text(cString: value)
  }
}

extension Text {
  /// An absolute path as a path relative to the root directory.
  public var asRelative: Text {
    var start = 0
    while start < count, self[start] == UInt8(ascii: "/") { start += 1 }
    return self[start..<count]
  }
}
