// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Where facts come from: the machine below `/`, or an image in a directory, out of which no link leads.
///
/// This is the only seam: `$PREROOT_ROOT` names a directory in place of `/`, for tests. Absolute links lead out of that one.
public struct Machine: ~Copyable {
  public let root: Directory

  /// - Throws: what `open` says of the directory.
  public init() throws(Errno) {
    root = try Directory(Self.variable("PREROOT_ROOT") ?? "/")
  }

  /// What looks like a machine below a directory of another one.
  public init(_ path: Text, on other: borrowing Machine) throws(Errno) {
    let path = path.asRelative
    root = try other.root.directory(path.isEmpty ? "." : path, lookup: .inRoot)
  }

  /// The same below a directory that need not be on a machine.
  public init(at path: Text) throws(Errno) { root = try Directory(path, lookup: path == "/" ? .anywhere : .inRoot) }

  /// The contents of a small file; nil where it cannot be read, for whatever reason. `path` is absolute.
  @inline(never) public func contents(_ path: Text) -> Text? {
    do throws(Errno) { return try root.read(path.asRelative) } catch { return nil }
  }

  /// The same; nil where it is absent.
  ///
  /// - Throws: what is wrong with what is there. A link that leads nowhere is there.
  @inline(never) public func read(_ path: Text) throws(Errno) -> Text? {
    do throws(Errno) { return try root.read(path.asRelative) } catch {
      if error == .noSuchFileOrDirectory, root.target(ofLink: path.asRelative) == nil { return nil }
      throw error
    }
  }

  /// Whether the file is there, and reading it gives nothing.
  public func isEmpty(_ path: Text) -> Bool { root.isEmpty(path.asRelative) }

  /// The same, where an absent file says as much as an empty one.
  @inline(never) public func text(_ path: Text) -> Text { contents(path) ?? Text() }

  /// What is mounted in the mount namespace of a process: a machine with very many containers has a large table. See
  /// proc_pid_mountinfo(5).
  @inline(never) public func mounts(of process: Text = "1") -> MountInfo {
    do throws(Errno) {
      return MountInfo(parsing: try root.read(Text("proc/") + process + "/mountinfo", limit: 16 << 20))
    } catch { return MountInfo() }
  }

  /// The first 4 KiB, or what there is.
  func beginning(of path: Text) -> Text {
    do throws(Errno) { return try BlockDevice(path, on: self).beginning } catch { return Text() }
  }

  @inline(never) public func exists(_ path: Text) -> Bool { root.exists(path.asRelative) }
  @inline(never) public func names(in path: Text) -> [Text] { root.names(in: path.asRelative) }
  @inline(never) public func target(ofLink path: Text) -> Text? { root.target(ofLink: path.asRelative) }

  /// An environment variable. See getenv(3).
  @inline(never) public static func variable(_ name: Text) -> Text? {
    guard let value = unsafe linux_getenv(name.cString) else { return nil }
    return unsafe Text(cString: value)
  }
}

extension Text {
  /// An absolute path as it is looked up from the root directory.
  public var asRelative: Text {
    var start = 0
    while start < count, self[start] == UInt8(ascii: "/") { start += 1 }
    return self[start..<count]
  }
}
