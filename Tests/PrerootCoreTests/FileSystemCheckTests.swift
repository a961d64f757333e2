// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("fsck")
struct FileSystemCheckTests {
  @Test("The exit status of fsck is interpreted as fsck(8) documents it", arguments: [
    (0, .clean), (1, .repaired), (2, .repaired), (3, .repaired), (4, .failed("errors left uncorrected")), (5, .failed("errors left uncorrected")),
    (8, .failed("operational error")), (12, .failed("errors left uncorrected, operational error")), (16, .failed("usage or syntax error")),
    (32, .failed("canceled")), (128, .failed("shared-library error")), (64, .failed("unknown status")), (127, .failed("it cannot be executed")),
    (126, .failed("it cannot be executed")), (255, .failed("it failed")),
  ] as [(Int, FileSystemCheck)])
  func means(status: Int, check: FileSystemCheck) { #expect(FileSystemCheck(exitStatus: status) == check) }
}
