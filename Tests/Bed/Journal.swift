// SPDX-License-Identifier: MIT
import Foundation
import Support

/// The guest's whole journal of one boot, in the export format. See systemd.journal-fields(7).
public struct Journal: Sendable, CustomStringConvertible {
  /// One message with its fields. A field that occurs twice keeps its last value.
  public struct Entry: Sendable, CustomStringConvertible {
    public let fields: [String: String]

    /// The value of a field.
    public subscript(_ field: String) -> String? { fields[field] }

    public var description: String { "\(identifier): \(message)" }
    public var message: String { fields["MESSAGE"] ?? "" }
    /// 0 is the worst, 3 an error, 6 information.
    public var priority: Int { fields["PRIORITY"].flatMap { Int($0) } ?? 6 }
    public var identifier: String { fields["SYSLOG_IDENTIFIER"] ?? "" }
    /// Whether PID 1 wrote it, to the journal or, before there was one, to the kernel log.
    public var isFromManager: Bool { identifier == "systemd" && (fields["_PID"] ?? fields["SYSLOG_PID"] ?? "1") == "1" }
  }

  public let entries: [Entry]

  public var description: String { "\(entries.count) entries" }

  /// Reads the export format: `FIELD=value` lines, or a field name alone, a little-endian 64 bit length, the bytes; entries end with
  /// an empty line.
  ///
  /// - Throws: ``Problem`` if the bytes end in the middle of a field.
  public init(export data: Data) throws {
    var entries: [Entry] = []
    var fields: [String: String] = [:]
    var rest = data[...]
    while let end = rest.firstIndex(of: 0x0a) {
      let line = rest[rest.startIndex..<end]
      rest = rest[rest.index(after: end)...]
      if line.isEmpty {
        if !fields.isEmpty { entries.append(Entry(fields: fields)) }
        fields = [:]
      } else if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
        fields[String(decoding: line[..<equals], as: UTF8.self)] = String(decoding: line[line.index(after: equals)...], as: UTF8.self)
      } else {
        guard rest.count >= 8 else { throw Problem("The journal export ends in a field's length") }
        let length = Int(rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        rest = rest.dropFirst(8)
        guard rest.count > length else { throw Problem("The journal export ends in a field") }
        fields[String(decoding: line, as: UTF8.self)] = String(decoding: rest.prefix(length), as: UTF8.self)
        rest = rest.dropFirst(length + 1)
      }
    }
    if !fields.isEmpty { entries.append(Entry(fields: fields)) }
    self.entries = entries
  }

  /// The entries that `journalctl -u UNIT` shows: those of the unit's processes, and those of PID 1 and of root's programs about it.
  public func entries(of unit: String) -> [Entry] {
    entries.filter {
      $0["_SYSTEMD_UNIT"] == unit || ($0["_PID"] == "1" && $0["UNIT"] == unit) || ($0["_UID"] == "0" && $0["OBJECT_SYSTEMD_UNIT"] == unit)
    }
  }

  /// The entries that `journalctl -t IDENTIFIER` shows.
  public func entries(by identifier: String) -> [Entry] {
    entries.filter { $0.identifier == identifier }
  }

  /// The entries whose message contains a text.
  public func entries(saying text: String) -> [Entry] {
    entries.filter { $0.message.contains(text) }
  }

  /// The number of entries with a message ID.
  public func count(messageID: String) -> Int {
    entries.count { $0["MESSAGE_ID"] == messageID }
  }
}

/// Message IDs of PID 1. See `journalctl --list-catalog`.
public enum MessageID {
  public static let startupFinished = "b07a249cd024414a82dd00cd181378ff"
  /// The message without the kernel's time, in containers and from users' managers.
  public static let userStartupFinished = "eed00a68ffd84e31882105fd973abdd1"
  public static let unitStarted = "39f53479d3a045ac8e11786248231fbf"
  public static let unitStopped = "9d1aaa27d60140bd96365438aad20286"
  public static let unitFailed = "be02cf6855d2428ba40df7e9d022f03d"
}
