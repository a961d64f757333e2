// SPDX-License-Identifier: MIT
import Foundation
import Support
import Testing

/// The log prints the name of a test without that of its suite.
@Suite("Test names")
struct TestNameTests {
  private struct Name {
    let text: String
    let file: String
  }

  /// The display names of all tests, and the files with a test that has none.
  private static func all() throws -> (names: [Name], nameless: [String]) {
    var names: [Name] = [], nameless: [String] = []
    for file in try FileManager.default.subpathsOfDirectory(atPath: Checkout.path.appending(path: "Tests").path).sorted() where file.hasSuffix(".swift") {
      let text = try Checkout.text("Tests/\(file)")
      let own = text.matches(of: #/(?m)^ *@Test\(\s*"((?:[^"\\]|\\.)*)"/#).map { Name(text: String($0.output.1), file: file) }
      names += own
      if text.matches(of: #/(?m)^ *@Test\b/#).count != own.count { nameless.append(file) }
    }
    return (names, nameless)
  }

  /// Programs and mount options without a dash or a dot. Other names of this kind have one, or a `=` or the like.
  private static let codeWords: Set<String> = ["bash", "dpkg", "fsck", "journalctl", "lintian", "make", "mkfs", "noexec", "nosuid", "preroot", "systemctl", "systemd"]

  @Test("Every test has a name")
  func areThere() throws {
    let (names, nameless) = try Self.all()
    #expect(nameless == [])
    #expect(names.count > 600)
  }

  @Test("A test's name is a sentence: it begins with a capital or a code word, and has no period")
  func areSentences() throws {
    for name in try Self.all().names {
      let first = String(name.text.prefix { $0 != " " })
      let isCode = first.contains(#/[-=.\/$()'0-9]/#) || Self.codeWords.contains(first)
      #expect(name.text.first?.isUppercase == true || isCode, "\(name.file): \(name.text)")
      #expect(name.text.contains(" ") && !name.text.hasSuffix("."), "\(name.file): \(name.text)")
      #expect(name.text.count <= 100, "\(name.file): \(name.text)")
    }
  }

  @Test("No two tests have the same name")
  func areUnique() throws {
    let files = Dictionary(grouping: try Self.all().names, by: \.text).mapValues { $0.map(\.file) }
    #expect(files.filter { $0.value.count > 1 } == [:])
  }
}

/// docs/contributing.md has a table of words. Its phrases in code font must not occur.
@Suite("Words")
struct WordTests {
  private static func phrases() throws -> Set<String> {
    let rows = try Checkout.text("docs/contributing.md").matches(of: #/(?m)^\| (.*?) \| .* \|$/#).map { String($0.output.1) }
    return Set(rows.flatMap { $0.matches(of: #/`(.*?)`/#).map { String($0.output.1) } })
  }

  /// A file's text in lower case on one line, without the marks of comments: a phrase may continue on the next line.
  private struct Prose {
    let text: NSString
    /// The place in `text` where each line of the file begins.
    private(set) var starts: [Int] = []

    init(_ file: String) {
      var prose = "", length = 0
      for line in file.split(separator: "\n", omittingEmptySubsequences: false) {
        let line = line.lowercased().trimmingCharacters(in: CharacterSet(charactersIn: " \t/#")) + " "
        starts.append(length)
        prose += line
        length += line.utf16.count
      }
      text = prose as NSString
    }

    /// The lines on which a phrase begins. An identifier such as `.anew(…)` does not count.
    func lines(with phrase: String) -> [Int] {
      var lines: [Int] = [], rest = NSRange(location: 0, length: text.length)
      while true {
        let match = text.range(of: phrase, options: .literal, range: rest)
        if match.location == NSNotFound { return lines }
        let end = match.location + match.length
        let before = match.location == 0 ? " " : text.substring(with: NSRange(location: match.location - 1, length: 1))
        if !before.contains(#/[\w.]/#) && !text.substring(with: NSRange(location: end, length: 1)).contains(#/[\w(]/#) {
          lines.append(starts.prefix { $0 <= match.location }.count)
        }
        rest = NSRange(location: end, length: text.length - end)
      }
    }
  }

  @Test("The word list of docs/contributing.md has phrases to search for")
  func areListed() throws {
    #expect(try Self.phrases().isSuperset(of: ["anew", "but for"]))
    #expect(Prose("// All but\n  /// for one, but forty.\n  case .anew(let x)\nmade Anew").lines(with: "but for") == [1])
    #expect(Prose("case .anew(let x): use.anew\nis made Anew").lines(with: "anew") == [2])
  }

  @Test("No file has a phrase that docs/contributing.md replaces", arguments: ["Sources", "generator", "docs", "Tests"])
  func areReplaced(directory: String) throws {
    let phrases = try Self.phrases()
    var found: [String] = []
    for file in try FileManager.default.subpathsOfDirectory(atPath: Checkout.path.appending(path: directory).path).sorted() {
      let path = "\(directory)/\(file)"
      guard !["docs/contributing.md", "Tests/GeneratorTests/LanguageTests.swift"].contains(path), let text = try? Checkout.text(path) else { continue }
      let prose = Prose(text)
      for phrase in phrases.sorted() { found += prose.lines(with: phrase).map { "\(path):\($0): \(phrase)" } }
    }
    #expect(found == [])
  }
}
