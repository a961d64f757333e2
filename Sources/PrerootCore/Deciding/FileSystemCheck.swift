// SPDX-License-Identifier: MIT
/// The meaning of fsck's exit status. See fsck(8), "EXIT STATUS".
public enum FileSystemCheck: Equatable, Sendable {
  case clean
  /// fsck corrected errors. Status 2 asks for a reboot, which only a mounted file system needs, and this one is not mounted.
  case repaired
  /// In the manual page's words.
  case failed(Text)

  public init(exitStatus status: Int) {
    switch status {
    case 0: self = .clean
    case 1...3: self = .repaired
    // 126 and 127 are the shell's; -1 is fsck.f2fs's.
    case 126, 127: self = .failed("it cannot be executed")
    case 255: self = .failed("it failed")
    default:
      var meanings: [Text] = []
      if status & 4 != 0 { meanings.add("errors left uncorrected") }
      if status & 8 != 0 { meanings.add("operational error") }
      if status & 16 != 0 { meanings.add("usage or syntax error") }
      if status & 32 != 0 { meanings.add("canceled") }
      if status & 128 != 0 { meanings.add("shared-library error") }
      self = .failed(meanings.isEmpty ? "unknown status" : Text(joining: meanings, separator: ", "))
    }
  }
}
