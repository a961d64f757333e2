// SPDX-License-Identifier: MIT
/// What the exit status of fsck means. See fsck(8), "EXIT STATUS".
public enum FileSystemCheck: Equatable, Sendable {
  case clean
  /// Errors were corrected. 2 asks for a reboot where the file system was mounted, which it was not.
  case repaired
  /// In the words of the manual.
  case failed(Text)

  public init(exitStatus status: Int) {
    switch status {
    case 0: self = .clean
    case 1...3: self = .repaired
    // As shells have it, and -1, with which fsck.f2fs ends.
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
