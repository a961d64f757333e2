// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import Glibc
import PrerootCore
import Support
import Testing

@testable import PrerootSystem

/// A file system whose server takes requests and never answers: who asks it for something sleeps in the kernel, and SIGKILL does not wake
/// it. See linux: fs/fuse/dev.c, request_wait_answer().
private final class SilentFileSystem {
  let device: Int32

  init(at path: String) throws {
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
    guard device >= 0 else { throw Problem("Cannot open /dev/fuse: \(String(cString: strerror(errno)))") }
    try mount("silent", at: path, type: "fuse", data: "fd=\(device),rootmode=40000,user_id=0,group_id=0")
    let device = device
    Thread.detachNewThread {
      var request = [UInt8](repeating: 0, count: 1 << 18)
      while true {
        let length = read(device, &request, request.count)
        guard length >= 40 else { return }
        // FUSE_INIT alone has an answer: the header with the request's number, then version 7.31 and a page to write.
        guard request[4] == 26 else { continue }
        var answer = [UInt8](repeating: 0, count: 80)
        answer[0] = 80
        answer.replaceSubrange(8..<16, with: request[8..<16])
        (answer[16], answer[20], answer[37]) = (7, 31, 16)
        _ = write(device, answer, answer.count)
      }
    }
  }

  deinit { close(device) }

  static let isPossible = geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0
}

@Suite("A program that sleeps in the kernel", .enabled(if: SilentFileSystem.isPossible, "There is no /dev/fuse for us: run the tests as root"))
struct StuckProgramTests {
  @Test("The wait for a program that survives SIGKILL ends, and a log line says so")
  func isLeftBehind() async throws {
    let (outcome, line, seconds) = try await inPrivateNamespace {
      let fileSystem = try SilentFileSystem(at: "/mnt")
      let start = ContinuousClock.now
      do throws(Errno) {
        let outcome = try Program.run(["ls", "/mnt/file"], limitMicroseconds: 300_000)
        let time = ContinuousClock.now - start
        var kernel = LinuxKernel()
        _ = kernel.report(outcome, of: "fsck.ext4")
        // Closing the device lets it go.
        withExtendedLifetime(fileSystem) {}
        return (outcome.end, kernel.remarks.map(\.text.string), time)
      } catch { throw Problem(error.text.string) }
    }
    #expect(outcome == .leftBehind)
    #expect(line.count == 1 && line[0].contains("fsck.ext4 took too long") && line[0].contains("left behind"), "\(line)")
    #expect(seconds < .seconds(20))
  }
}
