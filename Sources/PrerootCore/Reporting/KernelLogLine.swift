// SPDX-License-Identifier: MIT
/// One record for /dev/kmsg. journald turns it into a line of `ident`. See systemd: dev_kmsg_record().
///
/// Control characters are escaped, because the console shows the record unfiltered.
///
/// The facility is daemon (3): journald drops the identifier of records of facility kern (0), which user space may not use anyway.
public struct KernelLogLine: Equatable, Sendable {
  public var text: Text

  /// The kernel accepts 1024 bytes including its own prefix; longer text is cut.
  private static var limit: Int { 960 }

  public init(_ remark: Remark, ident: Text, processID: Int) {
    let priority = Text(decimal: 3 << 3 | remark.priority.rawValue)
    text = Text("<") + priority + ">" + ident + "[" + Text(decimal: processID) + "]: " + remark.text.escapedForTerminal
    if text.count > Self.limit { text = text[0..<Self.limit] }
    text.append("\n")
  }
}
