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

  @Test("The fuzzer saves an input that traps, and the saved input traps again")
  func saves() throws {
    let directory = try Temporary(), word = "preroot.reset"
    let found = try run("--seconds", "20", "--trap", word, in: directory.path("."))
    #expect([SIGILL, SIGTRAP].contains(found.status), "\(found.text)")
    #expect(found.text.contains("fuzz: the input is \""), "\(found.text)")
    let saved = directory.path("fuzz-reproducer"), input = try Data(contentsOf: URL(filePath: saved))
    #expect(input.range(of: Data(word.utf8)) != nil)
    #expect(try run("--trap", word, saved, in: directory.path(".")).status == found.status)
    #expect(try Data(contentsOf: URL(filePath: saved)) == input)
    #expect(try run(saved, in: directory.path(".")).status == 0)
  }

  private func run(_ arguments: String..., in folder: String = FileManager.default.temporaryDirectory.path) throws -> (status: Int32, text: String) {
    let fuzz = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let run = try Run(
      URL(filePath: fuzz).deletingLastPathComponent().appending(path: "fuzz").path, arguments, in: folder)
    return (run.status, run.output + run.errors)
  }
}
