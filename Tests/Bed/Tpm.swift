// SPDX-License-Identifier: MIT
import Foundation
import Support
import SystemPackage

/// A TPM 2.0 of a PC in QEMU, which swtpm emulates. It keeps its keys from boot to boot.
public struct Tpm: Hashable, Sendable {
  private let state: FilePath

  /// A TPM as from the factory.
  ///
  /// - Throws: Foundation's error if it cannot write to the cache.
  public init() throws {
    state = try Cache.shared.holding("disks/\(UUID().uuidString).tpm")
    try FileManager.default.createDirectory(atPath: state.string, withIntermediateDirectories: true)
  }

  /// Switches it on. It goes off when QEMU ends.
  ///
  /// - Parameter place: the directory of the run, which gets its socket.
  func powerOn(at place: FilePath) async throws {
    // In the background it would keep the output open.
    try await sh("sh", "-c", "exec swtpm socket --tpm2 --daemon --terminate --flags not-need-init --tpmstate dir=\(state) --ctrl type=unixio,path=\(socket(at: place)) > \(place)/tpm.log 2>&1")
  }

  /// The arguments of QEMU.
  func devices(at place: FilePath) -> [String] {
    ["-chardev", "socket,id=tpm,path=\(socket(at: place))", "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm0"]
  }

  private func socket(at place: FilePath) -> FilePath { place.appending("tpm") }
}
