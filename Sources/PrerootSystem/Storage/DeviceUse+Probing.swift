// SPDX-License-Identifier: MIT
import PrerootCore

extension DeviceUse {
  /// Decides by the device's current contents. Without libblkid these are unknown.
  ///
  /// - Parameter source: the result of `BlockDevice.find`.
  public init(_ name: DeviceName, at source: Text, _ settings: Settings) throws(Errno) {
    var probe: Probe? = nil
    if name.kind != .mtd, name.kind != .ubi {
      do throws(Errno) { probe = try BlockDevice.probe(source) } catch { guard error == .noLibrary else { throw error } }
    }
    self.init(name, probe, settings)
  }
}
