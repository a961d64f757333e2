// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// A directory to go down from and up to again, by names that are no links. However deep that is, one descriptor is open, and no path
/// grows longer than the kernel takes.
public struct Descent: ~Copyable {
  private var directory: FileDescriptor
  /// Which directories are above it, to be sure on the way up: somebody may move one meanwhile.
  private var above: [Text] = []
  /// How many levels this is below `directory`, by names that are no directories in it.
  private var missing = 0
  /// Of the first of them.
  public let device: UInt64
  private let staysOnDevice: Bool

  /// - Parameter staysOnDevice: whether what is mounted somewhere below counts as absent.
  public init(from path: Text, staysOnDevice: Bool = false) throws(Errno) {
    let start = FileDescriptor(unsafe try with(path) { unsafe linux_open_component(LINUX_CURRENT_DIRECTORY, $0, LINUX_OPEN_TO_LIST) })
    let device = try start.status().device
    self.init(directory: start, device: device, staysOnDevice: staysOnDevice)
  }

  // All at once: Swift 6.2 takes back too much where an initializer throws in between.
  private init(directory: consuming FileDescriptor, device: UInt64, staysOnDevice: Bool) {
    self.directory = directory
    self.device = device
    self.staysOnDevice = staysOnDevice
  }

  /// Whether there is a directory here.
  public var isPresent: Bool { missing == 0 }

  /// Goes down, also where there is nothing.
  @inline(never) public mutating func enter(_ name: Text) throws(Errno) {
    if missing == 0 {
      do throws(Errno) {
        let here = try directory.status().identity
        let next = try directory.directory(name)
        let status = try next.status()
        if !staysOnDevice || status.device == device {
          above.add(here)
          directory = next
          return
        }
      } catch {
        guard error.isAbsence else { throw error }
      }
    }
    missing += 1
  }

  /// Goes up again.
  ///
  /// - Throws: ESTALE where the directory is no longer in the one that it was found in.
  @inline(never) public mutating func leave() throws(Errno) {
    if missing > 0 {
      missing -= 1
      return
    }
    let parent = try directory.directory("..")
    guard let expected = above.popLast(), try parent.status().identity == expected else { throw .staleFileHandle }
    directory = parent
  }

  /// The names in it; none where there is no directory.
  @inline(never) public func names() throws(Errno) -> [Text] { missing > 0 ? [] : try directory.names() }

  /// What the file of that name is; nil where there is none.
  @inline(never) public func status(of name: Text) throws(Errno) -> FileStatus? {
    if missing > 0 { return nil }
    do throws(Errno) { return try directory.status(of: name) } catch {
      guard error.isAbsence else { throw error }
      return nil
    }
  }

  /// The beginning of an attribute of the file of that name; nil where it has none. A file that is only named cannot be asked by a
  /// descriptor (fgetxattr(2) refuses O_PATH), so its directory is.
  @inline(never) public func attribute(_ attribute: StaticString, of name: Text) -> Text? {
    FileStatus.attribute(attribute, of: Text("/proc/self/fd/") + Text(decimal: Int(directory.rawValue)) + "/" + name)
  }
}

extension FileDescriptor {
  /// The directory of that name in this one, and no link to one.
  fileprivate func directory(_ name: Text) throws(Errno) -> FileDescriptor {
    FileDescriptor(unsafe try with(name) { unsafe linux_open_component(rawValue, $0, LINUX_OPEN_TO_LIST) })
  }
}

extension Errno {
  /// Also where a link or a file stands in the place of a directory.
  fileprivate var isAbsence: Bool { self == .noSuchFileOrDirectory || self == .notDirectory || self == .tooManyLinks }
}
