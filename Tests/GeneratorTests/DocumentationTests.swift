import Foundation
import Testing

@testable import PrerootCore

extension Text {
  fileprivate init(utf8 string: String) { self.init(Array(string.utf8)) }
  fileprivate var string: String { String(decoding: bytes, as: UTF8.self) }
}

/// A manual page as a reader has it: one line a paragraph, blanks as they fall.
private struct Page {
  let text: String

  init(_ name: String) throws {
    let file = Checkout.path.appending(path: "docs/\(name)").path
    let formatted = try Run.tool("mandoc", "-Tutf8", "-Owidth=500", file, package: "mandoc")
    // Bold and underlined letters are two with a backspace between them.
    text = formatted.replacing(#/.\u{8}/#, with: "").replacing("\u{a0}", with: " ").replacing(#/[“”]/#, with: "\"")
  }

  func has(_ words: String) -> Bool { text.contains(words) }

  /// What stands below a heading, up to the next.
  func section(_ heading: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(where: { $0 == heading }) else { return "" }
    return lines[(start + 1)...].prefix { $0.isEmpty || $0.first == " " }.joined(separator: "\n")
  }

  static let all = ["preroot.conf.5", "preroot-generator.8", "overlay-prep.service.8"]
}

@Suite("The manual")
struct DocumentationTests {
  @Test("is clean mdoc", arguments: Page.all)
  func isClean(page: String) throws {
    let run = try Run("mandoc", ["-Tlint", "-Wwarning", Checkout.path.appending(path: "docs/\(page)").path], package: "mandoc")
    #expect(run.output + run.errors == "")
    #expect(run.status == 0)
  }

  @Test("has every page of the source tree checked here")
  func hasEveryPageChecked() throws {
    let pages = try FileManager.default.contentsOfDirectory(atPath: Checkout.path.appending(path: "docs").path)
      .filter { name in name.contains(#/\.[0-9]$/#) }
    #expect(Set(pages) == Set(Page.all))
  }

  @Test("explains every setting under both of its names", arguments: Setting.allCases)
  func explainsSetting(setting: Setting) throws {
    let name = "\(setting)"
    let tag = "\(name.prefix(1).uppercased())\(name.dropFirst())=, preroot.\(name)="
    #expect(try Page("preroot.conf.5").section("SETTINGS").split(separator: "\n").contains { $0.trimmingCharacters(in: .whitespaces) == tag })
  }

  @Test("names every word that switches preroot on or off")
  func namesWords() throws {
    let lists = try Checkout.text("Sources/PrerootCore/Deciding/Enable.swift").matches(of: #/isOne\(of: "(.*?)"\)/#)
    #expect(lists.count == 2)
    let settings = try Page("preroot.conf.5").section("SETTINGS")
    for word in lists.flatMap({ $0.output.1.split(separator: " ").map(String.init) }) + ["auto"] {
      #expect(settings.contains(try Regex("\\b\(word)\\b")), "\(word)")
      #expect(Enable(Text(utf8: word)) != nil)
    }
  }

  @Test("names every file system that cannot be written, and every word of systemd that chooses a target")
  func namesWordsOfOthers() throws {
    let decision = try Checkout.text("Sources/PrerootCore/Deciding/BootMode.swift") + Checkout.text("Sources/PrerootCore/Deciding/BootUnit.swift")
    let lists = decision.matches(of: #/isOne\(of: "(.*?)"\)/#)
    #expect(lists.count == 4)
    let page = try Page("preroot.conf.5")
    for word in lists.flatMap({ $0.output.1.split(separator: " ") }) { #expect(page.text.contains(try Regex("(?:^|\\W)\(word)\\b")), "\(word)") }
  }

  @Test("explains every exit status of the two programs", arguments: [
    ("generator/Generator.swift", "preroot-generator.8"), ("Sources/overlay-prep/OverlayPrep.swift", "overlay-prep.service.8"),
  ])
  func explainsExitStatus(source: String, page: String) throws {
    let statuses = try Checkout.text(source).matches(of: #/static let \w+: Int32 = (\d+)/#).map { String($0.output.1) }
    #expect(statuses.count >= 3)
    let explained = try Page(page).section("EXIT STATUS").matches(of: #/(?m)^     (\d+) /#).map { String($0.output.1) }
    #expect(explained == statuses.sorted())
  }

  @Test("explains every option of the helper")
  func explainsOptions() throws {
    let options = try Checkout.text("Sources/overlay-prep/OverlayPrep.swift").matches(of: #/case "(--[a-z-]+)":/#).map { String($0.output.1) }
    #expect(options.count >= 3)
    let page = try Page("overlay-prep.service.8")
    for option in options {
      #expect(page.section("OPTIONS").contains(try Regex("(?m)^     \(option)\\b")), "\(option)")
      #expect(page.section("SYNOPSIS").contains(option), "\(option)")
    }
  }

  @Test("has every reason for leaving a boot alone in the words of the log", arguments: [
    Reason.userManager, .initrd, .disabled, .container("..."), .rootUnknown, .rootWritable(type: "...", source: "..."), .missing("..."),
    .masked("..."), .emergency, .unitIsNoTarget("..."),
  ])
  func hasReason(reason: Reason) throws {
    let decision = try Page("preroot-generator.8").section("THE DECISION")
    #expect(decision.contains("\"\(reason.text.string)\" (\(reason.priority))"))
  }

  @Test("has every cause of staging it in the words of the log", arguments: [
    Cause.asked, .fileSystem("..."), .device("..."), .fileSystemTable,
  ])
  func hasCause(cause: Cause) throws {
    #expect(try Page("preroot-generator.8").section("THE DECISION").contains("\"\(cause.text.string)\""))
  }

  @Test("names every type of unit that is masked, and every file of the first stage")
  func namesFilesOfStageOne() throws {
    let page = try Page("preroot-generator.8").section("WHAT IT WRITES")
    for type in StageOne.maskedTypes { #expect(page.contains("\(type.string).d"), "\(type.string)") }
    for node in UnitTree(for: .staged(target: "default.target", .asked), on: BootFacts()).nodes.filter({ $0.path.hasPrefix("service.d/") }) {
      #expect(page.contains(node.path.fileName.string))
    }
    #expect(page.contains("10-target.conf"))
    #expect(page.contains("ConditionPathExists=\(StageOne.ready.string)"))
  }

  @Test("names every file of the second stage")
  func namesFilesOfStageTwo() throws {
    let page = try Page("preroot-generator.8").section("WHAT IT WRITES")
    var facts = BootFacts()
    facts.fileSystemTable.hasRoot = true
    facts.mountInfo = MountInfo(parsing: "1 0 0:1 / / rw - overlay preroot rw\n2 1 0:2 / /etc rw - overlay preroot rw\n")
    let paths = UnitTree(for: .settled, on: facts).nodes.map(\.path.string)
    #expect(paths.count == 3)
    for path in paths { #expect(page.contains(path == "etc.mount" ? ".mount" : path), "\(path)") }
  }

  @Test("names every file that is kept below /run/preroot")
  func namesFilesOfRun() throws {
    let directory = Checkout.path.appending(path: "Sources").path
    let sources = try FileManager.default.subpathsOfDirectory(atPath: directory).filter { $0.hasSuffix(".swift") }
      .map { try Checkout.text("Sources/\($0)") }.joined()
    let files = Set(sources.matches(of: #/\/run\/preroot\/[a-z]+/#).map { String($0.output) })
    #expect(files.count >= 3)
    let pages = try Page.all.map { try Page($0).text }.joined()
    for file in files { #expect(pages.contains(file), "\(file)") }
  }

  @Test("names every path that is promised", arguments: [
    ("preroot.conf.5", [
      "/etc/preroot.conf", "/run/preroot.conf", "/usr/lib/preroot.conf", "/etc/preroot.conf.d/*.conf", "/run/preroot.conf.d/*.conf",
      "/usr/lib/preroot.conf.d/*.conf",
    ]),
    ("preroot-generator.8", ["/usr/lib/systemd/system-generators/preroot-generator", "/run/preroot/ready", "/proc/1/mountinfo", "/dev/kmsg"]),
    ("overlay-prep.service.8", [
      "/usr/lib/preroot/overlay-prep", "/run/initramfs/preroot/lower", "/run/initramfs/preroot/upper", "/run/preroot/ready", "/run/preroot/events",
      "/run/systemd/volatile-root", "overlay-prep.target", "overlay-prep.service", "preroot-fallback.service", "preroot-report.service",
    ]),
  ] as [(String, [String])])
  func namesPaths(page: String, paths: [String]) throws {
    let page = try Page(page)
    for path in paths { #expect(page.has(path), "\(path)") }
  }

  @Test("names every environment variable that is read")
  func namesVariables() throws {
    let sources = try Checkout.text("Sources/PrerootSystem/BootFacts+Reading.swift") + Checkout.text("Sources/PrerootSystem/Machine.swift")
    let variables = Set(sources.matches(of: #/[vV]ariable\("([A-Z_]+)"\)/#).map { String($0.output.1) })
    #expect(variables.count == 5)
    let environment = try Page("preroot-generator.8").section("ENVIRONMENT")
    for variable in variables { #expect(environment.contains("     \(variable)\n"), "\(variable)") }
  }

  @Test("explains every field that the journal gets")
  func explainsFields() throws {
    let sources = try Checkout.text("Sources/overlay-prep/Story.swift") + Checkout.text("Sources/PrerootCore/Reporting/Event.swift")
    let fields = Set(sources.matches(of: #/(?m)(?:add\("|^ +)([A-Z_]+)["=]/#).map { String($0.output.1) }).subtracting(["MESSAGE", "PRIORITY"])
    #expect(fields.count >= 10)
    let log = try Page("overlay-prep.service.8").section("THE LOG")
    for field in fields { #expect(log.contains("\(field)="), "\(field)") }
  }

  @Test("and the catalog explain every message", arguments: [Event.Message.writable, .readOnly, .remark, .step])
  func explainMessage(message: Event.Message) throws {
    let id = Text(stringLiteral: message.id).string
    #expect(try Page("overlay-prep.service.8").section("THE LOG").contains(id))
    #expect(try Checkout.text("docs/preroot.catalog").contains("-- \(id)\nSubject: "))
  }

  @Test("has examples of preroot.conf and of the command line that preroot understands")
  func hasExamples() throws {
    let source = try Checkout.text("docs/preroot.conf.5")
    let files = source.matches(of: #/\.Bd -literal[^\n]*\n(\[Preroot\]\n(?s:.*?))\.Ed/#).map { String($0.output.1) }
    let lines = source.matches(of: #/\n\.Dl (preroot[^\n]*)/#).map { String($0.output.1) }
    #expect(files.count >= 3)
    #expect(lines.count >= 3)
    for (file, line) in files.map({ ($0, "") }) + lines.map({ ("", $0) }) {
      var assignments = Assignments()
      assignments.add(file: "preroot.conf", Text(utf8: file))
      assignments.add(KernelCommandLine(parsing: Text(utf8: line)))
      #expect(!assignments.all.isEmpty)
      let remarks = Request(assignments).remarks + Settings(assignments).remarks
      #expect(remarks.map(\.text.string) == [])
    }
  }
}

@Suite("The catalog of messages")
struct CatalogTests {
  @Test("is one that journalctl accepts")
  func isAccepted() throws {
    let directory = try Temporary()
    let run = try Run(
      "journalctl", ["--update-catalog", "--root=\(directory.path)"], package: "systemd")
    #expect(run.status == 0)
    for folder in ["usr/lib/systemd/catalog", "var/lib/systemd/catalog"] {
      try FileManager.default.createDirectory(atPath: directory.path(folder), withIntermediateDirectories: true)
    }
    try FileManager.default.copyItem(
      atPath: Checkout.path.appending(path: "docs/preroot.catalog").path, toPath: directory.path("usr/lib/systemd/catalog/preroot.catalog"))
    let update = try Run("journalctl", ["--update-catalog", "--root=\(directory.path)"], package: "systemd")
    #expect(update.status == 0)
    #expect(update.errors == "")
    let list = try Run("journalctl", ["--list-catalog", "--root=\(directory.path)"], package: "systemd")
    #expect(list.output.split(separator: "\n").count == 4)
    for line in list.output.split(separator: "\n") { #expect(line.contains("preroot: ")) }
  }
}
