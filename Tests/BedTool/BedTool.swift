// SPDX-License-Identifier: MIT
import ArgumentParser
import Bed

@main
struct BedTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bed", abstract: "Boots real machines with a read-only root, to test preroot and to show it.",
    subcommands: [DemoCommand.self, RunCommand.self, BenchCommand.self, KernelCommand.self, ImagesCommand.self, TidyCommand.self, SysrootCommand.self])
}
