// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import Support
import Testing

@testable import PrerootCore

/// A literal block of a document.
private struct Example: CustomTestStringConvertible, Sendable {
  enum Kind { case shell, configuration, commandLine, json, ofOthers }

  let file: String
  let line: Int
  let text: String

  var testDescription: String { "\(file):\(line)" }
  var firstWord: String { String(text.prefix { !" \n".contains($0) }) }

  /// Nil if it is not recognizable; then a reader would not recognize it either.
  var kind: Kind? {
    if text.hasPrefix("[Preroot]\n") { return .configuration }
    if text.hasPrefix("{") { return .json }
    if text.contains(#/^(?:preroot[.=]\S*|preroot(?= rescue))(?: |\n)/#) { return .commandLine }
    // These are directories, flows, transcripts of sessions, and the languages of BitBake, Kconfig and Buildroot.
    if text.contains(#/^(?:generator/ |kernel ->|PID 1 ->|mountinfo, |# |SUMMARY = |INIT_MANAGER = |config |PREROOT_VERSION = |BR2_)/#) { return .ofOthers }
    return text.contains(#/^(?:[A-Z_]+=\S+ )?(?:Exec\w+=)?[a-z:.][a-z0-9:.\/_*-]*(?: |\n)/#) || text.hasPrefix("SYSTEMD_PROC_CMDLINE='") ? .shell : nil
  }

  /// The commands without their explanations, which follow after three spaces.
  var script: String { text.replacing(#/(\S) {3,}\S[^\n]*/#) { "\($0.output.1)" }.replacing(#/(?m)^Exec\w+=/#, with: "") }

  /// The words of every call of a program in a script, without redirections and the like.
  func calls(of program: String) -> [[String]] {
    script.replacing("\\\n", with: " ").replacing(#/"[^"\n]*"/#, with: "\"\"").matches(of: try! Regex("(?m)(?:^|&& |; )(?:[A-Z_]+=(?:'[^']*'|\\S+) )?\(program)((?: +[^\\s;&|#]+)*)", as: (Substring, Substring).self))
      .map { $0.output.1.split(separator: " ").map(String.init) }
  }

  static let documents = ["README.md", "SECURITY.md"] + (try! FileManager.default.contentsOfDirectory(atPath: Checkout.path.appending(path: "docs").path))
    .filter { $0.contains(#/\.(?:md|[158])$/#) }.sorted().map { "docs/\($0)" }

  static let all = try! documents.flatMap { $0.hasSuffix(".md") ? try ofMarkdown($0) : try ofManual($0) }
  static func all(_ kind: Kind) -> [Example] { all.filter { $0.kind == kind } }

  private static func ofMarkdown(_ file: String) throws -> [Example] {
    let lines = try Checkout.text(file).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var examples: [Example] = [], start = 0
    while start < lines.count {
      var end = lines[start...].firstIndex { !$0.hasPrefix("    ") && !$0.isEmpty } ?? lines.count
      while end > start, lines[end - 1].isEmpty { end -= 1 }
      // More lines of a list item are not a block.
      if end > start, start > 0, lines[start - 1].isEmpty {
        let margin = lines[start].prefix { $0 == " " }.count
        examples.append(Example(file: file, line: start + 1, text: lines[start..<end].map { "\($0.dropFirst(margin))\n" }.joined()))
      }
      start = max(end, start + 1)
    }
    return examples
  }

  private static func ofManual(_ file: String) throws -> [Example] {
    var examples: [Example] = [], block: (line: Int, text: String)?
    for (number, line) in try Checkout.text(file).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let text = line.replacing("\\e", with: "\\").replacing("\\(dq", with: "\"").replacing("\\(aq", with: "'")
      if line.hasPrefix(".Dl ") {
        examples.append(Example(file: file, line: number + 1, text: "\(text.dropFirst(4))\n"))
      } else if line.hasPrefix(".Bd -literal") {
        block = (number + 2, "")
      } else if line == ".Ed", let whole = block {
        examples.append(Example(file: file, line: whole.line, text: whole.text))
        block = nil
      } else {
        block?.text += "\(text)\n"
      }
    }
    return examples
  }
}

@Suite("Examples in README, docs and the manual")
struct ExampleTests {
  @Test("Every example in the documents is of a kind that a test covers")
  func isKnown() {
    for example in Example.all where example.kind == nil { Issue.record("\(example.testDescription) is of no known kind: \(example.text)") }
    #expect(Example.all(.shell).count >= 18)
    #expect(Example.all(.configuration).count >= 7)
    #expect(Example.all(.commandLine).count >= 4)
  }

  @Test("bash parses the shell examples, and shellcheck has no warning", arguments: Example.all(.shell))
  fileprivate func isScript(example: Example) throws {
    let directory = try Temporary()
    try directory.write("example", example.script)
    let bash = try Run("bash", ["-n", directory.path("example")])
    #expect(bash.errors == "")
    // The reader has to know whether a directory exists (SC2164) and a variable is used (SC2034). One program has a number in its path (SC2211).
    let check = try Run("shellcheck", ["--shell=bash", "--severity=warning", "--exclude=SC2164,SC2034,SC2211", directory.path("example")], package: "shellcheck")
    #expect(check.output == "")
  }

  /// groff prints ' and ` as typographic quotes and - as a hyphen, so that a copied command would not work in the shell.
  @Test("The manual shows the shell's own quotes and dashes in examples", arguments: Example.documents.filter { !$0.hasSuffix(".md") })
  func hasStraightQuotes(document: String) throws {
    let source = try Checkout.text(document)
    let raw = source.matches(of: #/(?m)^\.Dl (.*)$|^\.Bd -literal[^\n]*\n((?s:.*?))^\.Ed/#).map { "\($0.output.1 ?? $0.output.2 ?? "")" }
    for text in raw { #expect(!text.contains(#/['`]/#), "\(text)") }
    let page = try Run.tool("mandoc", "-Tutf8", "-Owidth=500", Checkout.path.appending(path: document).path, package: "mandoc")
      .replacing(#/.\u{8}/#, with: "")
    for example in Example.all(.shell) where example.file == document {
      for line in example.text.split(separator: "\n") { #expect(page.contains(line), "\(line)") }
    }
  }

  @Test("The tool accepts the calls in the examples", arguments: Example.all(.shell).filter { !$0.calls(of: "preroot").isEmpty })
  fileprivate func callsTool(example: Example) throws {
    let machine = try MiniatureMachine()
    for arguments in example.calls(of: "preroot") {
      // On this miniature machine without an overlay the tool changes nothing. Status 4 means an invalid call.
      let run = try Run(Checkout.ships("preroot"), arguments, in: machine.root, environment: ["PREROOT_ROOT": machine.root])
      #expect(run.status != 4, "preroot \(arguments.joined(separator: " ")): \(run.errors)")
      #expect(!run.errors.contains("not understood"), "\(run.errors)")
    }
  }

  @Test("The Makefile has the targets and variables of the examples", arguments: Example.all(.shell).filter { !$0.calls(of: "make").isEmpty })
  fileprivate func callsMake(example: Example) throws {
    let makefile = try Checkout.text("Makefile")
    let targets = try #require(makefile.firstMatch(of: #/\n\.PHONY: (.*)/#)).output.1.split(separator: " ")
    for word in example.calls(of: "make").joined() where !word.hasPrefix("-") && !word.contains("/") && !word.contains("\"") && word != "preroot-0.1" {
      if let name = word.firstMatch(of: #/^(\w+)=/#)?.output.1 {
        #expect(makefile.contains(try Regex("(?m)^\(name)\\b *=|\\$\\(\(name)\\)")), "\(word)")
      } else {
        #expect(targets.contains(Substring(word)), "\(word)")
      }
    }
  }

  @Test("The bed has the commands and options of the examples", arguments: Example.all(.shell).filter { !$0.calls(of: "swift run bed").isEmpty })
  fileprivate func callsBed(example: Example) throws {
    let built = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).deletingLastPathComponent()
    for words in example.calls(of: "swift run bed") {
      let help = try Run(built.appending(path: "bed").path, ["help", words[0]])
      #expect(help.output.contains("USAGE: bed \(words[0])"), "\(words)")
      for option in words.prefix(while: { $0 != "--" }) where option.hasPrefix("--") { #expect(help.output.contains(option), "\(option)") }
    }
  }

  @Test("The filters of the examples match existing tests", arguments: Example.all(.shell).filter { !$0.calls(of: "swift test").isEmpty })
  fileprivate func filters(example: Example) throws {
    for word in example.calls(of: "swift test").compactMap(\.last) {
      let name = word.split(separator: ".").last ?? ""
      let tests = try Run("grep", ["-rlw", "struct \(name)", Checkout.path.appending(path: "Tests").path])
      #expect(tests.status == 0, "\(word)")
    }
  }

  @Test("preroot accepts the examples of preroot.conf", arguments: Example.all(.configuration))
  fileprivate func isConfiguration(example: Example) {
    var assignments = Assignments()
    assignments.add(file: "preroot.conf", Text(utf8: example.text))
    #expect(!assignments.all.isEmpty)
    #expect(remarks(on: assignments) == [])
  }

  @Test("preroot accepts the examples of the kernel command line", arguments: Example.all(.commandLine).map(\.text) + inlineWords)
  func isCommandLine(line: String) {
    // On a tmpfs it would have no effect.
    let line = line.hasPrefix("preroot.crypt=") || line.hasPrefix("preroot.commit=") ? "preroot=/dev/x " + line : line
    var assignments = Assignments()
    assignments.add(KernelCommandLine(parsing: Text(utf8: line)))
    #expect(!assignments.all.isEmpty)
    #expect(remarks(on: assignments) == [])
  }

  @Test("The JSON examples are valid JSON", arguments: Example.all(.json))
  fileprivate func isObject(example: Example) throws {
    _ = try JSONSerialization.jsonObject(with: Data(example.text.utf8))
  }

  @Test("The example in the Debian package has every setting with its default")
  func hasDefaults() throws {
    let text = try Checkout.text("docs/debian/preroot.conf")
    var assignments = Assignments()
    assignments.add(file: "preroot.conf", Text(utf8: text.replacing(#/(?m)^#(?=\w+=)/#, with: "")))
    #expect(remarks(on: assignments) == [])
    var settings = Settings(assignments)
    settings.optionsOrigin = Settings().optionsOrigin
    #expect(settings == Settings())
    for setting in Setting.allCases { #expect(text.contains("\n#\(setting.text.string)="), "\(setting.text.string)") }
  }

  private func remarks(on assignments: Assignments) -> [String] { (Request(assignments).remarks + Settings(assignments).remarks).strings }

  /// The words of the kernel command line with a value that the documents have in their text and tables.
  private static let inlineWords = Set(
    try! Example.documents.filter { $0.hasSuffix(".md") }.flatMap { file in
      try Checkout.text(file).matches(of: #/`(preroot(?: preroot\.|[.=])[^`…]*[^`=…])`/#).map { String($0.output.1) }
    }
  ).filter { !$0.contains(#/^preroot\.(?:conf|catalog|fstype)\b(?!=)|\.\.\.|NAME|DIR|WORD/#) }.sorted()
}
