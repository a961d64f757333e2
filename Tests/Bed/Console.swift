// SPDX-License-Identifier: MIT
import Foundation

/// The output of a machine's console as plain text.
public struct Console: Sendable {
  public let lines: [String]

  /// Removes the escape sequences for colors (CSI) and for shells (OSC, which systemd 258 and later print).
  public init(_ data: Data) {
    let text = String(decoding: data, as: UTF8.self)
      .replacing(/\u{1b}\][^\u{07}\u{1b}]*(\u{07}|\u{1b}\\)/, with: "")
      .replacing(/\u{1b}\[[0-9;?]*[A-Za-z]/, with: "")
      .replacing(/\u{1b}[=>]/, with: "")
    lines = text.split(omittingEmptySubsequences: true) { $0.isNewline }
      .map { String($0).trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  /// The lines in which PID 1 reports a failure.
  public var failures: [String] { lines.filter { $0.contains("FAILED") || $0.contains("DEPEND]") || $0.contains("Failed unmounting") } }

  /// The end of the output, for messages.
  public func tail(_ count: Int = 60) -> String { lines.suffix(count).joined(separator: "\n") }
}
