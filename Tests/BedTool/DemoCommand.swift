// SPDX-License-Identifier: MIT
import ArgumentParser
import Bed
import Foundation

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Boot a read-only Debian, show how its root became writable, and give a shell where there is a terminal.")

  func run() async throws {
    try await Demo.show(hasTerminal: isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1)
  }
}
