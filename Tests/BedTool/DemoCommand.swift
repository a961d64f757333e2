// SPDX-License-Identifier: MIT
import ArgumentParser
import Bed
import Foundation

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Boot a read-only Debian, show how its root became writable, and give a shell where there is a terminal.")

  @Flag(name: .customLong("vocore"), help: "Boot the VoCore instead: MIPS, 32 MB of memory, 8 MiB of flash.")
  var isVoCore = false

  func run() async throws {
    if isVoCore { return try await VoCoreDemo.show() }
    try await Demo.show(hasTerminal: isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1)
  }
}
