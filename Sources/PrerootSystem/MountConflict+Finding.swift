// SPDX-License-Identifier: MIT
import PrerootCore

extension MountConflict {
  /// Returns the conflicts between the settings and the machine's own mounts. Reads nothing if the settings name no directory.
  ///
  /// - Parameter tables: tables in addition to the machine's /etc/fstab.
  public static func all(_ settings: Settings, on machine: borrowing Machine, _ tables: [FileSystemTable] = []) -> [MountConflict] {
    let places = places(settings)
    if places.isEmpty { return [] }
    var units: [Text] = []
    for place in places where machine.hasUnit(place.mountUnitName) { units.append(place) }
    return all(settings, [FileSystemTable(parsing: machine.text("/etc/fstab"))] + tables, units: units)
  }
}

extension Machine {
  /// Returns whether the image has a unit that is not masked. See systemd.unit(5), "UNIT FILE LOAD PATH".
  borrowing func hasUnit(_ name: Text) -> Bool {
    for directory in Text("/etc/systemd/system/ /run/systemd/system/ /usr/local/lib/systemd/system/ /usr/lib/systemd/system/").words {
      if isEmpty(directory + name) { return false }
      if exists(directory + name) { return true }
    }
    return false
  }
}
