import CLinux
import PrerootCore

extension Unfitness {
  /// The first thing that overlayfs needs of an upper's file system and does not find there; nil where it is fit. It is tried
  /// out in a directory that is made for it in `directory`, and removed again.
  ///
  /// - Throws: what has nothing to do with fitness, as EROFS, ENOSPC and EIO.
  public static func first(of directory: Text) throws(Errno) -> Unfitness? {
    let scratch = directory + "/preroot.fitness"
    try FileDescriptor.currentDirectory.makeDirectory(scratch)
    defer { try? FileDescriptor.currentDirectory.removeDirectory(scratch) }
    for trait in allCases {
      do throws(Errno) { unsafe try with(scratch) { unsafe linux_try($0, trait.rawValue) } } catch {
        guard error.isRefusal else { throw error }
        return trait
      }
    }
    return nil
  }
}

extension Errno {
  /// How file systems say that they cannot do something at all.
  fileprivate var isRefusal: Bool {
    self == .notPermitted || self == .invalidArgument || self == .functionNotImplemented || self == .notSupported
  }
}
