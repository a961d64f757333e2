// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

/// `make fuzz SECONDS=600` runs longer, with libFuzzer if the toolchain has it.
@Suite("Fuzzing")
struct FuzzTests {
  @Test("The core neither traps nor breaks a rule in twenty seconds of random input")
  func holds() throws {
    let output = try run("--seconds", "20")
    #expect(output.status == 0, "\(output.text)")
    print(output.text)
  }

  @Test("The core parses random input as systemd does")
  func agrees() throws {
    let output = try run("--compare", "--seconds", "5")
    #expect(output.status == 0, "\(output.text)")
    #expect(output.text.contains("compared with"), "\(output.text)")
  }

  @Test("The fuzzer replays an input from a file")
  func isReproducible() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "fuzz-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    // The first byte selects the subject: a tmpfs size is never negative.
    try Data([10] + Array("25%".utf8)).write(to: file)
    #expect(try run(file.path).status == 0)
  }

  private func run(_ arguments: String...) throws -> (status: Int32, text: String) {
    let fuzz = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let run = try Run(
      URL(filePath: fuzz).deletingLastPathComponent().appending(path: "fuzz").path, arguments, in: FileManager.default.temporaryDirectory.path)
    return (run.status, run.output + run.errors)
  }
}
