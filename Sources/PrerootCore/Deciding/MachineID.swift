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
    for byte in bytes {
      guard byte.isDigit || (byte.isLetter && byte | 0x20 <= UInt8(ascii: "f")) else { return false }
      if byte != UInt8(ascii: "0") { isZero = false }
    }
    return count == 32 && !isZero
  }
}
