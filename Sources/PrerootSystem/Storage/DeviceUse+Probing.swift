// SPDX-License-Identifier: MIT
import PrerootCore

extension DeviceUse {
  /// By what is on the device now. Without libblkid nothing can tell.
  ///
  /// - Parameter source: where `BlockDevice.find` has found it.
  public init(_ name: DeviceName, at source: Text, _ settings: Settings) throws(Errno) {
    var probe: Probe? = nil
    if name.kind != .mtd, name.kind != .ubi {
      do throws(Errno) { probe = try BlockDevice.probe(source) } catch { guard error == .noLibrary else { throw error } }
    }
    self.init(name, probe, settings)
  }
}
