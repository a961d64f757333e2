// SPDX-License-Identifier: MIT
import PrerootCore

extension DeviceUse {
  /// Decides by the device's current contents. Without libblkid these are unknown.
  ///
  /// - Parameter source: the result of `BlockDevice.find`.
  public init(_ name: DeviceName, at source: Text, _ settings: Settings) throws(Errno) {
    self.init(name, name.kind == .mtd || name.kind == .ubi ? nil : try BlockDevice.probeIfPossible(source), settings)
  }
}

extension CryptUse {
  /// Decides by the contents of an encrypted device.
  public init(at source: Text, _ settings: Settings) throws(Errno) {
    self.init(try BlockDevice.probeIfPossible(source), settings)
  }
}

extension BlockDevice {
  /// Returns nil if libblkid is unavailable.
  fileprivate static func probeIfPossible(_ source: Text) throws(Errno) -> Probe? {
    do throws(Errno) { return try BlockDevice.probe(source) } catch {
      guard error == .noLibrary else { throw error }
      return nil
    }
  }
}
