// SPDX-License-Identifier: MIT
import PrerootCore

extension FileSystemTable {
  /// Reads /etc/fstab of the upper whose layers are in `directory`; nil if it has none or it cannot be read.
  public init?(ofUpperIn directory: Text) {
    do throws(Errno) {
      let place = try Place(directory)
      let layers = try place.directory.directory(place.path, lookup: .beneath)
      self.init(parsing: try layers.read("upper/etc/fstab"))
    } catch { return nil }
  }
}
