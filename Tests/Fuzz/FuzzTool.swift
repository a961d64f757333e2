// SPDX-License-Identifier: MIT
import Foundation

// fuzz --seconds N [--seed N]     mutates the corpus
//      --compare                 with systemd's own readers, too
// fuzz --write-corpus DIRECTORY   for libFuzzer
// fuzz FILE…                      replays these inputs
//      --trap TEXT                traps at each input that contains the text, as a faulty reader would: a test of this tool itself

@main
struct FuzzTool {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    func value(of option: String) -> String? {
      arguments.firstIndex(of: option).flatMap { arguments.indices.contains($0 + 1) ? arguments[$0 + 1] : nil }
    }
    if let directory = value(of: "--write-corpus") {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      for (number, input) in try Corpus.all().enumerated() { try Data(input).write(to: URL(filePath: "\(directory)/\(number)")) }
      return
    }
    if arguments.contains("--compare") {
      comparison = Comparison()
      say("fuzz: \(comparison == nil ? "there is no library of systemd's to compare with" : "compared with systemd's own readers")")
    }
    trap = value(of: "--trap").map { Array($0.utf8) }
    Reproducer.arm()
    if let seconds = value(of: "--seconds").flatMap({ Double($0) }) {
      let seed = value(of: "--seed").flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64(UInt32.max))
      let before = value(of: "--after").flatMap { Int($0) } ?? 0
      if before == 0 { say("fuzz: \(seconds) s with --seed \(seed)") }
      let end = ContinuousClock.now + .seconds(seconds)
      let count = before + (try search(until: end, seed: seed))
      let rest = end - ContinuousClock.now
      if rest > .zero {
        let others = (comparison == nil ? [] : ["--compare"]) + (value(of: "--trap").map { ["--trap", $0] } ?? [])
        try start(["--seconds", "\(rest / .seconds(1))", "--seed", "\(seed + 1)", "--after", "\(count)"] + others)
      }
      say("fuzz: \(count) inputs, none of which traps or breaks a rule")
    } else {
      for file in arguments where !file.hasPrefix("--") && file != value(of: "--trap") { examine(Array(try Data(contentsOf: URL(filePath: file)))) }
    }
  }

  nonisolated(unsafe) private static var comparison: Comparison?
  nonisolated(unsafe) private static var trap: [UInt8]?

  /// The memory of texts is never freed, so after this number of inputs a new process continues with the next seed.
  private static let inputsOfProcess = 20_000

  private static func start(_ arguments: [String]) throws {
    var words = (["fuzz"] + arguments).map { strdup($0) } + [nil]
    execv("/proc/self/exe", &words)
    throw CocoaError(.executableNotLoadable)
  }

  /// - Returns: the number of inputs.
  private static func search(until end: ContinuousClock.Instant, seed: UInt64) throws -> Int {
    let corpus = try Corpus.all()
    for input in corpus { examine(input) }
    var mutator = Mutator(seed: seed, corpus: corpus)
    var count = corpus.count
    while ContinuousClock.now < end, count < inputsOfProcess {
      for _ in 0..<50 { examine(mutator.next()) }
      count += 50
    }
    return count
  }

  private static func examine(_ input: [UInt8]) {
    Reproducer.remember(input)
    if let trap, input.contains(trap) { fatalError("This input has what --trap names") }
    do throws(Finding) {
      if let comparison { try comparison.examine(input) } else { try Subjects.examine(input) }
    } catch {
      say("fuzz: \(error.text)")
      abort()
    }
  }

  private static func say(_ text: String) {
    print(text)
    fflush(nil)
  }
}
