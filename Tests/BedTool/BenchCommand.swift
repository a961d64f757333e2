// SPDX-License-Identifier: MIT
import ArgumentParser
import Bed

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Boot in several ways, in turn, and write into docs/performance.md, or docs/vocore.md, how long each takes.")

  @Option(help: "How often each boots.")
  var rounds = 8
  @Option(help: "A release of Debian or Ubuntu; with the option again another one.", transform: Suite.init(argument:))
  var suite: [Suite] = [.bookworm, .trixie]
  @Flag(name: .customLong("vocore"), help: "Boot the VoCore instead: MIPS, 32 MB of memory, 8 MiB of flash.")
  var isVoCore = false
  @Flag(help: "Print the results, and leave the documents alone.")
  var dry = false

  func validate() throws {
    guard rounds > 0 else { throw ValidationError("a bench has one round at least") }
  }

  func run() async throws {
    let report = isVoCore ? try await onVoCore() : try await inUserModeLinux()
    print(report.results)
    if !dry { try report.write() }
  }

  private func inUserModeLinux() async throws -> BenchReport {
    let conditions = try BenchConditions(rounds: rounds, try await Bench.machines)
    // First, because it fails if a tool is missing.
    let work = try await BenchWork.counted()
    var benches: [Bench] = []
    for suite in suite {
      benches.append(try await Bench(of: suite))
    }
    // The releases alternate, too, so that changes of the host over time affect both.
    for number in 1...rounds {
      for place in benches.indices {
        try await benches[place].round(number, of: rounds)
      }
    }
    return BenchReport("docs/performance", conditions, benches.map(\.results), work)
  }

  private func onVoCore() async throws -> BenchReport {
    let conditions = try BenchConditions(rounds: rounds, try await VoCoreBench.machines)
    var bench = try await VoCoreBench()
    for number in 1...rounds { try await bench.round(number, of: rounds) }
    return BenchReport("docs/vocore", conditions, [bench.results])
  }
}
