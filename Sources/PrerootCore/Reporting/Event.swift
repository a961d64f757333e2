// SPDX-License-Identifier: MIT
/// Something that happened in stage 1, as fields for the journal, which does not run yet. Kept in /run/preroot/events and
/// sent by preroot-report.service in stage 2. See systemd.journal-fields(7).
public struct Event: Equatable, Sendable {
  /// `NAME=value` lines, one a field.
  ///
  /// With OBJECT_SYSTEMD_UNIT=, `journalctl -u overlay-prep.service` finds what root says about the unit (systemd:
  /// add_matches_for_unit()).
  public private(set) var text: Text = """
    SYSLOG_IDENTIFIER=preroot
    OBJECT_SYSTEMD_UNIT=overlay-prep.service
    PREROOT_STAGE=1

    """

  /// Known messages; the catalog explains each.
  public enum Message: CaseIterable, Sendable {
    case writable
    /// On a tmpfs, in place of the upper that was asked for.
    case fallback
    case readOnly
    /// On what the user wrote.
    case remark
    /// On what was found out about the upper, or done to it.
    case upper
    case step

    /// MESSAGE_ID=, made by `systemd-id128 new`. See sd-id128(3).
    public var id: Text {
      switch self {
      case .writable: "b46b0c0f4d484ca2b6b8612971c4b34c"
      case .fallback: "b4b32c9c482544edb19d8cd452aaa81e"
      case .readOnly: "e1bb8211f0c44cd38d507179bc31d91d"
      case .remark: "93bcf9ff066a4f478a082bd14c850b24"
      case .upper: "523c42103b2b4e08b097189de8f322ab"
      case .step: "4e88a8ef967845e39a1a53ce4d1a631d"
      }
    }
  }

  @inline(never) public init(_ message: Message, _ remark: Remark, atMicroseconds microseconds: Int64) {
    add("MESSAGE", remark.text)
    add("PRIORITY", Text(decimal: remark.priority.rawValue))
    add("MESSAGE_ID", message.id)
    add("PREROOT_MONOTONIC_USEC", Text(decimal: microseconds))
  }

  @inline(never) public mutating func add(_ name: Text, _ value: Text) {
    text = text + name + "=" + value.replacing { byte, _ in byte == 0x0a ? " " : nil } + "\n"
  }
}
