// SPDX-License-Identifier: MIT
import PrerootCore

extension FileSystemTable {
  /// /etc/fstab of the upper that has its layers in `directory`; nil where it has none that can be read.
  public init?(ofUpperIn directory: Text) {
    do throws(Errno) {
      let place = try Place(directory)
      let layers = try place.directory.directory(place.path, lookup: .beneath)
      self.init(parsing: try layers.read("upper/etc/fstab"))
    } catch { return nil }
  }
}
