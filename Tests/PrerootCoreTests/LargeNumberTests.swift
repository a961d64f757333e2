// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

/// On a 32-bit machine an Int ends at 2,147,483,647: at 35.8 minutes in microseconds, and at 2 GiB. The compiler checks the types.
@Suite("Numbers beyond 32 bits")
struct LargeNumberTests {
  private struct LateKernel: Kernel {
    var microseconds: Int64 { 3_600_000_000 }
    mutating func perform(_ step: Step) throws(Errno) {}
  }

  private struct Memory: Witness {
    var records: [StepRecord] = []
    mutating func hear(_ record: StepRecord) { records.append(record) }
  }

  @Test("A step's time is right an hour after boot on a 32-bit machine")
  func isTime() throws {
    var kernel = LateKernel(), memory = Memory()
    #expect([Step(.makeDirectory, "/a")].execute(on: &kernel, before: &memory).failure == nil)
    let start: Int64 = try #require(memory.records.first).startedAtMicroseconds
    #expect(start == 3_600_000_000)
    #expect(Event(.step, Remark(.debug, ""), atMicroseconds: start).text.string.contains("\nPREROOT_MONOTONIC_USEC=3600000000\n"))
  }

  @Test("The size of a file system of several TiB is right on a 32-bit machine", arguments: [
    ("ext4", 4 << 40, "4294967232k"), ("f2fs", 4 << 40, "8589934464"), ("ext4", 16 << 40, "17179869120k"),
  ] as [(String, Int64, String)])
  func isSize(type: String, bytes: Int64, argument: String) throws {
    let formatting = Formatting("/dev/x", type: Text(utf8: type), label: "", uuid: "", sizeInBytes: bytes)
    #expect(try #require(formatting.arguments).last?.string == argument)
  }

  @Test("A 64-bit number is written with all its digits", arguments: [
    (0, "0"), (-1, "-1"), (2_147_483_648, "2147483648"), (.max, "9223372036854775807"), (.min, "-9223372036854775808"),
  ] as [(Int64, String)])
  func isWritten(number: Int64, digits: String) { #expect(Text(decimal: number).string == digits) }
}
