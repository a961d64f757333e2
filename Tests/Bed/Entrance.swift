// SPDX-License-Identifier: MIT
/// How a machine comes to its overlay.
public enum Entrance: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
  /// PID 1 is systemd: the generator stages the boot, and overlay-prep.service prepares it.
  case stageOne = "stage 1"
  /// PID 1 is overlay-prep, which executes systemd when it is done.
  case firstProcess = "init="

  /// What PID 1 is to be; nil for what it is anyway.
  var program: String? {
    switch self {
    case .stageOne: nil
    case .firstProcess: "/usr/lib/preroot/overlay-prep"
    }
  }

  public var description: String { rawValue }
}
