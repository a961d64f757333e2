// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension Unfitness {
  /// Returns the first feature that overlayfs needs of an upper and that this file system lacks; nil if it is fit. Tries each feature in a
  /// temporary directory in `directory`.
  ///
  /// - Throws: errors that say nothing about fitness, such as EROFS, ENOSPC and EIO.
  public static func first(of directory: Text) throws(Errno) -> Unfitness? {
    let place = try Place(directory + "/preroot.fitness")
    // A power cut, or anyone else, may have left a file of this name.
    try? place.directory.remove(place.path)
    try place.directory.makeDirectory(place.path)
    defer { try? place.directory.removeDirectory(place.path) }
    let scratch = try place.directory.open(place.path, .toList)
    for trait in allCases {
      do throws(Errno) { try check(linux_try(scratch.rawValue, trait.rawValue)) } catch {
        guard error.isRefusal else { throw error }
        return trait
      }
    }
    return nil
  }
}

extension Errno {
  /// Whether a file system reports with this error that it does not support an operation.
  fileprivate var isRefusal: Bool {
    self == .notPermitted || self == .invalidArgument || self == .functionNotImplemented || self == .notSupported
  }
}
