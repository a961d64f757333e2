// SPDX-License-Identifier: MIT
/// What /etc/machine-id says. See machine-id(5), "First Boot Semantics".
public enum MachineID: Equatable, Sendable {
  /// There is no file: a first boot.
  case missing
  /// The image says that it has never been booted: a first boot.
  case uninitialized
  /// No ID and no first boot: an ID is made up, and written where that is possible.
  case empty
  /// Neither an ID nor one of the words; systemd takes it for an empty file.
  case invalid
  case valid(Text)

  /// - Parameter contents: of the file; nil where there is none.
  public init(_ contents: Text?) {
    guard let text = contents?.trimmed else {
      self = .missing
      return
    }
    if text.isEmpty {
      self = .empty
    } else if text == "uninitialized" {
      self = .uninitialized
    } else {
      self = text.isMachineID ? .valid(text) : .invalid
    }
  }

  public var isFirstBoot: Bool { self == .missing || self == .uninitialized }
}

/// What becomes of the overlay's /etc/machine-id, so that the machine has one ID for good.
public enum MachineIDUse: Equatable, Sendable {
  /// It is the machine's own.
  case own(Text)
  /// A first boot: PID 1's ID is mounted over the file, as PID 1 does it where it cannot write (systemd: machine_id_setup()), and
  /// systemd-machine-id-commit.service writes it when the first boot is complete.
  case mount(makesFile: Bool)
  /// PID 1's ID is written; with one line about what was there, where that was something.
  case write(Remark?)

  public init(for found: MachineID, _ running: RunningID) {
    self = switch found {
    case .valid(let id): .own(id)
    case .missing: .mount(makesFile: true)
    case .uninitialized: .mount(makesFile: false)
    case .empty: .write(nil)
    case .invalid: .write(Remark(.warning, Text("The overlay's /etc/machine-id held no machine ID; it is now ") + running.text))
    }
  }
}

/// The ID that PID 1 works with, or one made up where it has none, for an overlay without one of its own.
public struct RunningID: Equatable, Sendable {
  /// Where PID 1 keeps it, if it is not the root's own.
  public static var path: Text { "/run/machine-id" }

  public var text: Text
  /// Whether systemd.machine_id= says so, which is stronger than what the overlay has.
  public var isFromCommandLine: Bool

  public init(_ text: Text, isFromCommandLine: Bool = false) {
    self.text = text
    self.isFromCommandLine = isFromCommandLine
  }
}

extension Text {
  /// 32 hexadecimal digits in small letters or large, not all of them zero.
  fileprivate var isMachineID: Bool {
    var isZero = true
    for byte in self {
      guard byte.isDigit || (byte.isLetter && byte | 0x20 <= UInt8(ascii: "f")) else { return false }
      if byte != UInt8(ascii: "0") { isZero = false }
    }
    return count == 32 && !isZero
  }
}
