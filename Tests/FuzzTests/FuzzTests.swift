// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

/// `make fuzz SECONDS=600` is the long form, with libFuzzer where the toolchain has it.
@Suite("The core, fed with anything")
struct FuzzTests {
  @Test("neither traps nor breaks a rule in twenty seconds")
  func holds() throws {
    let output = try run("--seconds", "20")
    #expect(output.status == 0, "\(output.text)")
    print(output.text)
  }

  @Test("is read as systemd reads it")
  func agrees() throws {
    let output = try run("--compare", "--seconds", "5")
    #expect(output.status == 0, "\(output.text)")
    #expect(output.text.contains("compared with"), "\(output.text)")
  }

  @Test("is the same for the same seed, and what traps is saved")
  func isReproducible() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "fuzz-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    // The first byte is the subject: nothing that it is fed with may be less than nothing.
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
