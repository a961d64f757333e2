// SPDX-License-Identifier: MIT
/// The contents of /etc/machine-id. See machine-id(5), "First Boot Semantics".
public enum MachineID: Equatable, Sendable {
  /// The file does not exist: a first boot.
  case missing
  /// The image has never been booted: a first boot.
  case uninitialized
  /// No ID, but not a first boot: systemd generates an ID and writes it if it can.
  case empty
  /// Neither an ID nor a known word; systemd treats it as an empty file.
  case invalid
  case valid(Text)

  /// - Parameter contents: the file's contents; nil if it does not exist.
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

/// What to do with the overlay's /etc/machine-id, so that the machine keeps one ID.
public enum MachineIDUse: Equatable, Sendable {
  /// The file has the machine's own ID: use it.
  case own(Text)
  /// A first boot: mount PID 1's ID over the file, as PID 1 does on a read-only root (systemd: machine_id_setup());
  /// systemd-machine-id-commit.service writes it when the first boot is complete.
  case mount(makesFile: Bool)
  /// Write PID 1's ID; the remark says what the file held, if that was invalid.
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

/// The ID that PID 1 uses, or a generated one if it has none. An overlay without an ID of its own gets it.
public struct RunningID: Equatable, Sendable {
  /// Where PID 1 keeps the ID if it is not in the root's file.
  public static var path: Text { "/run/machine-id" }

  public var text: Text
  /// Whether systemd.machine_id= sets it, which overrides the overlay's file.
  public var isFromCommandLine: Bool

  public init(_ text: Text, isFromCommandLine: Bool = false) {
    self.text = text
    self.isFromCommandLine = isFromCommandLine
  }
}

extension Text {
  /// Whether this is 32 hexadecimal digits, in either case, not all zero.
  fileprivate var isMachineID: Bool {
    var isZero = true
    for byte in self {
      guard byte.isDigit || (byte.isLetter && byte | 0x20 <= UInt8(ascii: "f")) else { return false }
      if byte != UInt8(ascii: "0") { isZero = false }
    }
    return count == 32 && !isZero
  }
}
