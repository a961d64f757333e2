/// Something that happened in stage 1, as fields for the journal, which does not run yet. Kept in /run/preroot/events and
/// sent by preroot-report.service in stage 2. See systemd.journal-fields(7).
public struct Event: Equatable, Sendable {
  /// `NAME=value`, one a field.
  public private(set) var fields: [Text] = []

  /// Known messages; the catalog explains each.
  public enum Message: Sendable {
    case writable
    case readOnly
    case remark
    case step

    /// MESSAGE_ID=, made by `systemd-id128 new`. See sd-id128(3).
    public var id: StaticString {
      switch self {
      case .writable: "b46b0c0f4d484ca2b6b8612971c4b34c"
      case .readOnly: "e1bb8211f0c44cd38d507179bc31d91d"
      case .remark: "93bcf9ff066a4f478a082bd14c850b24"
      case .step: "4e88a8ef967845e39a1a53ce4d1a631d"
      }
    }
  }

  public init(_ message: Message, _ remark: Remark, atMicroseconds microseconds: Int) {
    add("MESSAGE", remark.text)
    add("PRIORITY", Text(decimal: remark.priority.rawValue))
    add("MESSAGE_ID", Text(stringLiteral: message.id))
    add("SYSLOG_IDENTIFIER", "preroot")
    // With it `journalctl -u overlay-prep.service` finds what root says about the unit (systemd: add_matches_for_unit()).
    add("OBJECT_SYSTEMD_UNIT", "overlay-prep.service")
    add("PREROOT_STAGE", "1")
    add("PREROOT_MONOTONIC_USEC", Text(decimal: microseconds))
  }

  @inline(never) public mutating func add(_ name: StaticString, _ value: Text) {
    var field = Text(stringLiteral: name)
    field.append("=")
    for byte in value.bytes { field.append(byte == 0x0a ? 0x20 : byte) }
    fields.add(field)
  }

  /// The fields, each on a line, and an empty line.
  public var text: Text {
    var text = Text()
    for field in fields { text.append("\(field)\n") }
    text.append("\n")
    return text
  }

  /// The fields of the first event in `text`, which it is taken from; nil where there is none.
  public static func next(in text: inout Text) -> [Text]? {
    var fields: [Text] = []
    while let (line, rest) = text.cut(at: 0x0a) {
      text = rest
      if line.isEmpty { return fields }
      fields.add(line)
    }
    return nil
  }
}
