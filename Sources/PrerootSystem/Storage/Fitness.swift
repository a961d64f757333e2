// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension Unfitness {
  /// The first thing that overlayfs needs of an upper's file system and does not find there; nil where it is fit. It is tried
  /// out in a directory that is made for it in `directory`, and removed again.
  ///
  /// - Throws: what has nothing to do with fitness, as EROFS, ENOSPC and EIO.
  public static func first(of directory: Text) throws(Errno) -> Unfitness? {
    let place = try Place(directory + "/preroot.fitness")
    // Whatever a power cut or somebody else left under this name.
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
  /// How file systems say that they cannot do something at all.
  fileprivate var isRefusal: Bool {
    self == .notPermitted || self == .invalidArgument || self == .functionNotImplemented || self == .notSupported
  }
}
