// SPDX-License-Identifier: MIT
/// How long the helper waits for what it has started. A test compares overlay-prep.service(8), "TIME LIMITS", with these.
public enum TimeLimit: CaseIterable, Sendable {
  case check
  case format
  /// For each program that makes a header, opens or closes a device.
  case encryption
  /// Until the kernel has random numbers for a key.
  case randomness
  case deletion
  case copy
  /// systemctl's limit: twice the 90 seconds that PID 1 gives its generators.
  case reload
  /// The same. PID 1 is done when it answers again.
  case reexecution
  /// For the helper as a whole, if PID 1 is overlay-prep. The same as TimeoutStartSec= of overlay-prep.service.
  case helper

  public var microseconds: Int64 {
    switch self {
    case .deletion, .randomness: 60_000_000
    case .encryption: 90_000_000
    case .format, .copy: 120_000_000
    case .check, .reload, .reexecution: 180_000_000
    case .helper: 1_800_000_000
    }
  }
}
