/// Something that happened in stage 1, as fields for the journal, which does not run yet. Kept in /run/preroot/events and
/// sent by preroot-report.service in stage 2. See systemd.journal-fields(7).
public struct Event: Equatable, Sendable {
  public struct Field: Equatable, Sendable {
    public var name: Text
    public var value: Text
  }
  public var fields: [Field]

  /// Known messages; the catalog explains each.
  public enum Message: CaseIterable, Sendable {
    case writable
    case readOnly
    case remark
    case step

    /// MESSAGE_ID=, made by `systemd-id128 new`. See sd-id128(3).
    public var id: Text {
      switch self {
      case .writable: "b46b0c0f4d484ca2b6b8612971c4b34c"
      case .readOnly: "e1bb8211f0c44cd38d507179bc31d91d"
      case .remark: "93bcf9ff066a4f478a082bd14c850b24"
      case .step: "4e88a8ef967845e39a1a53ce4d1a631d"
      }
    }
  }

  public init(_ message: Message, _ remark: Remark, atMicroseconds microseconds: Int, _ more: [(StaticString, Text)] = []) {
    fields = []
    add("MESSAGE", remark.text)
    add("PRIORITY", Text(decimal: remark.priority.rawValue))
    add("MESSAGE_ID", message.id)
    add("SYSLOG_IDENTIFIER", "preroot")
    // With it `journalctl -u overlay-prep.service` finds what root says about the unit (systemd: add_matches_for_unit()).
    add("OBJECT_SYSTEMD_UNIT", "overlay-prep.service")
    add("PREROOT_STAGE", "1")
    add("PREROOT_MONOTONIC_USEC", Text(decimal: microseconds))
    for (name, value) in more { add(name, value) }
  }

  private mutating func add(_ name: StaticString, _ value: Text) {
    var line = value
    for place in line.bytes.indices where line.bytes[place] == 0x0a { line.bytes[place] = UInt8(ascii: " ") }
    fields.append(Field(name: Text(stringLiteral: name), value: line))
  }

  /// `NAME=value` lines and an empty one.
  public var text: Text {
    var text = Text()
    for field in fields { text.append("\(field.name)=\(field.value)\n") }
    text.append("\n")
    return text
  }

  /// The fields of each event in `text`, `NAME=value` each, as sd_journal_sendv(3) takes them.
  public static func lines(of text: Text) -> [[Text]] {
    var events: [[Text]] = []
    var event: [Text] = []
    var rest = text
    while let (line, after) = rest.cut(at: 0x0a) {
      rest = after
      if !line.isEmpty {
        event.append(line)
      } else if !event.isEmpty {
        events.append(event)
        event = []
      }
    }
    return event.isEmpty ? events : events + [event]
  }
}
