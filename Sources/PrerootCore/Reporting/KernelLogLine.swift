// SPDX-License-Identifier: MIT
/// One record for /dev/kmsg. journald makes a line of `ident` out of it. See systemd: dev_kmsg_record().
///
/// The console shows it as it is, so control characters are written out.
///
/// Facility daemon (3): with kern (0), which user space may not use anyway, the identifier would be lost.
public struct KernelLogLine: Equatable, Sendable {
  public var text: Text

  /// The kernel takes 1024 bytes with its own prefix; longer text is cut.
  private static var limit: Int { 960 }

  public init(_ remark: Remark, ident: Text, processID: Int) {
    let priority = Text(decimal: 3 << 3 | remark.priority.rawValue)
    text = Text("<") + priority + ">" + ident + "[" + Text(decimal: processID) + "]: " + remark.text.escapedForTerminal
    if text.count > Self.limit { text = text[0..<Self.limit] }
    text.append("\n")
  }
}
