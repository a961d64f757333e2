// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("The size of /run")
struct RunSpaceTests {
  private static let mebibyte: Int64 = 1 << 20

  @Test("/run keeps its size if it has the 16 MiB that systemd needs to reload")
  func isLeftAlone() {
    #expect(RunSpace(total: 64 * Self.mebibyte, free: 16 * Self.mebibyte).grown == nil)
    #expect(RunSpace(total: 800 * Self.mebibyte, free: 799 * Self.mebibyte).grown == nil)
  }

  @Test("/run grows until 20 MiB are free if systemd could not reload otherwise")
  func isMadeLarger() throws {
    for (total, free) in [(4096 * Self.mebibyte, 4096), (12 * Self.mebibyte, 11 * Self.mebibyte), (16 * Self.mebibyte, 16 * Self.mebibyte - 1), (10, 0), (4096, 4096)] as [(Int64, Int64)] {
      let grown = try #require(RunSpace(total: total, free: free).grown)
      #expect(grown > total)
      #expect(grown - (total - free) >= 20 * Self.mebibyte)
    }
  }
}

@Suite("Kernel log lines")
struct KernelLogLineTests {
  private func line(_ priority: Remark.Priority, _ text: Text) -> String {
    KernelLogLine(Remark(priority, text), ident: "preroot", processID: 7).text.string
  }

  @Test("A kernel log line carries its priority and the facility daemon", arguments: [
    (Remark.Priority.error, "<27>"), (.warning, "<28>"), (.notice, "<29>"), (.info, "<30>"), (.debug, "<31>"),
  ])
  func hasPriority(priority: Remark.Priority, prefix: String) {
    #expect(line(priority, "Said") == "\(prefix)preroot[7]: Said\n")
  }

  @Test("A kernel log line escapes control characters and stays on one line")
  func isOneLine() {
    #expect(line(.error, Text(utf8: "a\nb\tc\u{1b}[31md\0e\n")) == #"<27>preroot[7]: a\x0ab\x09c\x1b[31md\x00e\x0a"# + "\n")
  }

  @Test("A kernel log line is truncated to what the kernel accepts")
  func isLimited() {
    let long = line(.error, Text(utf8: String(repeating: "x", count: 5000)))
    #expect(long.utf8.count == 961)
    #expect(long.hasPrefix("<27>preroot[7]: xxx") && long.hasSuffix("x\n"))
  }
}

@Suite("Events")
struct EventTests {
  @Test("An event has the fields by which journalctl finds it")
  func hasFields() {
    let event = Event(.writable, Remark(.notice, "/ is writable"), atMicroseconds: 123)
    #expect(event.text.string == """
      SYSLOG_IDENTIFIER=preroot
      OBJECT_SYSTEMD_UNIT=overlay-prep.service
      PREROOT_STAGE=1
      MESSAGE=/ is writable
      PRIORITY=5
      MESSAGE_ID=b46b0c0f4d484ca2b6b8612971c4b34c
      PREROOT_MONOTONIC_USEC=123

      """)
  }

  /// journalctl prints "[12B blob data]" instead of a message with control characters.
  @Test("An event's message has no control characters")
  func isPrintable() {
    let event = Event(.writable, Remark(.error, Text([0x61, 0x1b, 0x5b, 0x32, 0x4a, 0xc2, 0x9b, 0xff])), atMicroseconds: 1)
    #expect(event.text.string.contains(#"\nMESSAGE=a\x1b[2J\xc2\x9b\xff\nPRIORITY"#.replacing(#"\n"#, with: "\n")))
  }

  @Test("Each message has a message ID of its own")
  func hasMessageID() {
    let ids = [Event.Message.writable, .readOnly, .remark, .step].map { $0.id.string }
    #expect(Set(ids).count == ids.count)
    for id in ids { #expect(id.count == 32 && id.allSatisfy { "0123456789abcdef".contains($0) }) }
  }

  /// Otherwise a value could bring fields of its own, or end the event.
  @Test("A newline in an event's value cannot add a field or end the event")
  func keepsValueOnOneLine() {
    var event = Event(.remark, Remark(.error, "a\n\nb"), atMicroseconds: 1)
    event.add("PREROOT_TARGET", "x\ny")
    #expect(event.text.string.contains("\nMESSAGE=a\\x0a\\x0ab\nPRIORITY=3\n"))
    #expect(event.text.string.hasSuffix("\nPREROOT_TARGET=x y\n"))
  }
}
