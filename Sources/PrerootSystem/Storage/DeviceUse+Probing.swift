// SPDX-License-Identifier: MIT
import PrerootCore

extension DeviceUse {
  /// Decides by the device's current contents. Without libblkid these are unknown.
  ///
  /// - Parameters:
  ///   - source: the result of `BlockDevice.find`.
  ///   - extent: the part of it; empty for all of it.
  public init(_ name: DeviceName, at source: Text, within extent: Range<Int64> = 0..<0, _ settings: Settings, on machine: borrowing Machine) throws(Errno) {
    var probe: Probe? = nil
    switch name.kind {
    case .mtd: break
    case .ubi:
      // Whatever prevents the look may not prevent the mount.
      do throws(Errno) { probe = try UbiVolume(source).facts(source, on: machine).isUnfinished ? .unfinished : nil } catch {}
    default: probe = try BlockDevice.probeIfPossible(source, extent)
    }
    self.init(name, probe, settings)
  }
}

extension CryptUse {
  /// Decides by the contents of an encrypted device.
  public init(at source: Text, within extent: Range<Int64> = 0..<0, _ settings: Settings) throws(Errno) {
    self.init(try BlockDevice.probeIfPossible(source, extent), settings)
  }
}

extension BlockDevice {
  /// Returns nil if libblkid is unavailable.
  fileprivate static func probeIfPossible(_ source: Text, _ extent: Range<Int64>) throws(Errno) -> Probe? {
    do throws(Errno) { return try BlockDevice.probe(source, extent) } catch {
      guard error == .noLibrary else { throw error }
      return nil
    }
  }
}
