// SPDX-License-Identifier: MIT
/// The way in which a machine gets its overlay.
public enum Entrance: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
  /// PID 1 is systemd: the generator stages the boot, and overlay-prep.service prepares it.
  case stageOne = "stage 1"
  /// PID 1 is overlay-prep, which executes systemd when it is done.
  case firstProcess = "init="

  /// The program for `init=`, or nil for the default.
  var program: String? {
    switch self {
    case .stageOne: nil
    case .firstProcess: "/usr/lib/preroot/overlay-prep"
    }
  }

  public var description: String { rawValue }
}
