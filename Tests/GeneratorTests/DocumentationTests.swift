// SPDX-License-Identifier: MIT
import CoreSupport
import Foundation
import PrerootSystem
import Support
import Testing

@testable import PrerootCore
@testable import overlay_prep
@testable import preroot
@testable import preroot_generator

/// A manual page as a reader sees it, with each paragraph on one line.
private struct Page {
  let text: String

  init(_ name: String) throws {
    let file = Checkout.path.appending(path: "docs/\(name)").path
    let formatted = try Run.tool("mandoc", "-Tutf8", "-Owidth=500", file, package: "mandoc")
    // mandoc prints a bold or underlined letter as two characters with a backspace between them.
    text = formatted.replacing(#/.\u{8}/#, with: "").replacing("\u{a0}", with: " ").replacing(#/[“”]/#, with: "\"")
  }

  func has(_ words: String) -> Bool { text.contains(words) }

  /// The text from a heading up to the next one.
  func section(_ heading: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(where: { $0 == heading }) else { return "" }
    return lines[(start + 1)...].prefix { $0.isEmpty || $0.first == " " }.joined(separator: "\n")
  }

  /// The text of a list item that has one: the rest of its line, and the lines below that are indented further.
  func entry(_ item: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for place in lines.indices {
      let margin = lines[place].prefix { $0 == " " }.count
      let line = lines[place].dropFirst(margin)
      guard line == item || line.hasPrefix("\(item)  ") else { continue }
      let below = lines[(place + 1)...].prefix { $0.isEmpty || $0.prefix { $0 == " " }.count > margin }
      let entry = ([line.dropFirst(item.count)] + below).joined(separator: "\n")
      if entry.contains(#/\S/#) { return entry }
    }
    return ""
  }

  static let all = ["preroot.1", "preroot.conf.5", "preroot-generator.8", "overlay-prep.service.8"]
}

extension Setting {
  /// The name in preroot.conf, and the name on the command line: in lower case with dashes between the words.
  fileprivate var directive: String { text.string }
  fileprivate var key: String { directive.replacing(#/([a-z])([A-Z])/#) { "\($0.output.1)-\($0.output.2)" }.lowercased() }
  fileprivate var item: String { "\(directive)=, preroot.\(key)=" }
}

/// The remarks on a setting's value on the command line, each from the quoted value on.
private func remarks(on setting: Setting, _ value: String) -> [String] {
  var assignments = Assignments()
  let start = "preroot.\(setting.key)="
  assignments.add(KernelCommandLine(parsing: Text(utf8: start + value)))
  return (assignments.remarks + Settings(assignments).remarks).map { String($0.text.string.dropFirst("Kernel command line: \(start)".count)) }
}

@Suite("The manual")
struct DocumentationTests {
  @Test("Each manual page passes mandoc -Tlint", arguments: Page.all)
  func isClean(page: String) throws {
    let run = try Run("mandoc", ["-Tlint", "-Wwarning", Checkout.path.appending(path: "docs/\(page)").path], package: "mandoc")
    #expect(run.output + run.errors == "")
    #expect(run.status == 0)
  }

  @Test("Every manual page of docs/ is tested")
  func hasEveryPageChecked() throws {
    let pages = try FileManager.default.contentsOfDirectory(atPath: Checkout.path.appending(path: "docs").path)
      .filter { name in name.contains(#/\.[0-9]$/#) }
    #expect(Set(pages) == Set(Page.all))
  }

  @Test("preroot.conf(5) explains every setting under both names", arguments: Setting.allCases)
  func explainsSetting(setting: Setting) throws {
    let entry = try Page("preroot.conf.5").entry(setting.item)
    #expect(entry.contains("Default:"))
    // preroot understands the name on the command line.
    #expect(Setting(key: Text(utf8: setting.key)) == setting)
  }

  /// The built-in value of a setting, as preroot.conf(5) writes it. A new setting does not compile without a line here.
  private static func standard(of setting: Setting) -> String {
    let settings = Settings()
    return switch setting {
    case .enable: "\(Request(Assignments()).enable)"
    case .upper: settings.upper.text.string
    case .scope: settings.scope.text.string
    case .switch: "\(settings.switchMode)"
    case .fsType: settings.fileSystemType.isEmpty ? "empty" : "?"
    case .options: settings.options.isEmpty ? "empty" : "?"
    case .dir: settings.directory.isEmpty ? "/" : "?"
    case .timeout: "\(settings.timeoutSeconds)"
    case .fallback: settings.fallback.text.string
    case .format: settings.formatsBlank ? "blank" : "no"
    case .check: settings.checks ? "yes" : "no"
    case .crypt: settings.crypt.text.string
    case .reset: settings.resets ? "yes" : "no"
    case .onLowerChange: "\(settings.onLowerChange)"
    case .bind: settings.binds.isEmpty ? "none" : "?"
    case .commit: settings.memory == nil ? "always" : "?"
    case .attempts: "\(settings.attempts)"
    }
  }

  @Test("preroot.conf(5) gives the default of every setting", arguments: Setting.allCases)
  func hasDefault(setting: Setting) throws {
    #expect(try Page("preroot.conf.5").entry(setting.item).contains(try Regex("Default: \\Q\(Self.standard(of: setting))\\E[.,;]")))
  }

  @Test("preroot.conf(5) explains every word that a setting takes", arguments: [
    (.fallback, Fallback.words.string), (.onLowerChange, LowerChange.words.string), (.switch, SwitchMode.words.string), (.format, Format.words.string),
  ] as [(Setting, String)])
  func explainsWords(setting: Setting, words: String) throws {
    let entry = try Page("preroot.conf.5").entry(setting.item)
    for word in words.split(separator: " ") {
      #expect(entry.contains(try Regex("(?m)^ {13}\(word)(?: |$)")), "\(word)")
      #expect(remarks(on: setting, "\(word)") == [])
    }
    #expect(remarks(on: setting, "x") == ["'x' is not understood, ignoring; use one of: \(words)"])
    #expect(try Page("preroot.conf.5").has("is not understood, ignoring; use one of: "))
  }

  @Test("preroot.conf(5) gives the range of every number", arguments: [(.timeout, 300), (.attempts, 100)] as [(Setting, Int)])
  func hasRange(setting: Setting, limit: Int) throws {
    #expect(remarks(on: setting, "0") + remarks(on: setting, "\(limit)") == [])
    #expect(remarks(on: setting, "\(limit + 1)") == ["'\(limit + 1)' is not a number from 0 to \(limit), ignoring"])
    let entry = try Page("preroot.conf.5").entry(setting.item)
    #expect(entry.contains(" from 0 to \(limit)."))
    #expect(entry.contains("\"... is not a number from 0 to \(limit), ignoring\""))
  }

  @Test("preroot.conf(5) quotes the log line for each kind of invalid value", arguments: [
    (.upper, "x"), (.scope, "x"), (.scope, "/run"), (.bind, "/"), (.dir, "x"), (.check, "x"), (.options, "noexec"),
    (.scope, "/" + String(repeating: "x", count: 255)), (.commit, "x"),
  ] as [(Setting, String)])
  func hasRemark(setting: Setting, value: String) throws {
    let remark = try #require(remarks(on: setting, value).first)
    #expect(try Page("preroot.conf.5").has("\"...\(remark.dropFirst(value.count + 2))\""), "\(remark)")
  }

  @Test("preroot.conf(5) quotes the log line for each device that is refused", arguments: [
    (.blank, ""), (.unfinished, ""), (.ambivalent, ""), (.unknown, ""), (nil, ""), (.signature(Signature(type: "vfat")), ""),
    (.signature(Signature(type: "crypto_LUKS")), ""), (.claimed, ""), (.signature(Signature(type: "xfs")), "ext4"), (.signature(Signature(type: "nilfs2")), ""),
  ] as [(Probe?, String)])
  func hasRefusal(probe: Probe?, type: String) throws {
    var settings = Settings()
    settings.fileSystemType = Text(utf8: type)
    guard case .refuse(let sentence) = DeviceUse(DeviceName(.path, "/dev/x"), probe, settings) else {
      Issue.record("not refused")
      return
    }
    #expect(try Page("preroot.conf.5").has("... \(sentence.string)"), "\(sentence.string)")
  }

  @Test("preroot.conf(5) quotes the log line for each device that Crypt= refuses", arguments: [
    (.blank, .random), (.unknown, .random), (.ambivalent, .random), (nil, .random), (.signature(Signature(type: "ext4")), .random), (.signature(Signature(type: "ext4")), .auto),
    (.claimed, .auto), (.claimed, .random),
  ] as [(Probe?, Crypt)])
  func hasRefusalOfCrypt(probe: Probe?, crypt: Crypt) throws {
    var settings = Settings()
    settings.crypt = crypt
    if probe == .claimed { settings.fileSystemType = "xfs" }
    guard case .refuse(let sentence) = CryptUse(probe, settings) else {
      Issue.record("not refused")
      return
    }
    #expect(try Page("preroot.conf.5").has("... \(sentence.string)"), "\(sentence.string)")
  }

  @Test("preroot.conf(5) quotes the log line for each encryption that cannot be", arguments: [
    (Crypt.unreadable("ramdom"), "/dev/x"), (.random, "mtd:x"), (.random, "ubi0:x"), (.random, "LABEL=x"),
  ])
  func hasUnavailability(crypt: Crypt, name: String) throws {
    let sentence = try #require(crypt.unavailability(of: DeviceName(Text(utf8: name))!)).string
    #expect(try Page("preroot.conf.5").has("... \(sentence)"), "\(sentence)")
  }

  @Test("preroot.conf(5) quotes the log line for each setting that cannot be together with Crypt=random")
  func hasVoid() throws {
    var assignments = Assignments()
    assignments.add(KernelCommandLine(parsing: "preroot=/dev/x preroot.crypt=random preroot.reset preroot.bind=/srv"))
    let remarks = Settings(assignments).remarks
    #expect(remarks.count == 2)
    for remark in remarks { #expect(try Page("preroot.conf.5").has("... \(remark.text.string.drop { $0 != "'" }.dropFirst("'random' ".count))"), "\(remark)") }
  }

  @Test("preroot.conf(5) quotes the log line for each setting that cannot be together with Commit=on-demand")
  func hasVoidOfCommit() throws {
    for words in ["preroot=tmpfs", "preroot=/dev/x preroot.crypt=random", "preroot=/dev/x preroot.reset preroot.bind=/srv"] {
      var assignments = Assignments()
      assignments.add(KernelCommandLine(parsing: Text(utf8: "\(words) preroot.commit=on-demand")))
      let remarks = Settings(assignments).remarks
      #expect(remarks.count == (words.contains("reset") ? 2 : 1))
      for remark in remarks { #expect(try Page("preroot.conf.5").has("... \(remark.text.string.drop { $0 != "'" }.dropFirst("'on-demand' ".count))"), "\(remark)") }
    }
  }

  @Test("preroot.conf(5) lists every signature that rules out an upper")
  func namesWhatHoldsNone() throws {
    let page = try Page("preroot.conf.5").section("A DEVICE AS UPPER")
    let names = ["swap": "swap space", "LVM2_member": "LVM", "linux_raid_member": "RAID member", "DM_verity_hash": "dm-verity hash"]
    for type in DeviceUse.holdsNone.words.strings { #expect(page.contains(names[type] ?? type), "\(type)") }
  }

  @Test("preroot.conf(5) quotes the log line for each use of an existing upper")
  func hasUpperUse() throws {
    let page = try Page("preroot.conf.5")
    func sentence(isReset: Bool = false, _ lowerChange: LowerChange = .warn, _ change: (inout StoreFacts) -> Void) -> String {
      var facts = StoreFacts(in: "/x"), settings = Settings()
      facts.hasUpper = true
      facts.lower = LowerIdentity(type: "squashfs", superblock: "", rootHash: "new", imageVersion: "")
      settings.onLowerChange = lowerChange
      change(&facts)
      switch UpperUse(facts, settings, isReset: isReset, isCounted: true) {
      case .asItIs: return "?"
      case .asItIsAlthough(let text): return "\"\(text.string)\""
      case .anew(let text): return text.string
      case .leftOut(let text): return "\"... is left out: \(text.string)\""
      }
    }
    #expect(page.has(sentence { $0.isResetting = true }))
    #expect(page.has(sentence { $0.mark = "" }))
    #expect(page.has(sentence(isReset: true) { _ in }))
    #expect(page.has(sentence { $0.attempts = 3 }))
    #expect(page.has(sentence { $0.recorded = "squashfs old" }))
    #expect(page.has(sentence(.reset) { $0.recorded = "squashfs old" }))
  }

  @Test("preroot.conf(5) quotes the log line for an unfit file system")
  func hasUnfitness() throws {
    #expect(try Page("preroot.conf.5").has("\"The file system cannot hold an upper: \(Unfitness.attributes.text.string)\""))
  }

  @Test("overlay-prep.service(8) quotes every reason to re-execute or reload PID 1")
  func hasReasonToReexecute() throws {
    var reasons: Set<String> = []
    for mode in SwitchMode.allCases {
      for number in 0..<16 {
        var changes = OverlayChanges()
        if number & 1 != 0 { changes.machineID = "0123456789abcdef0123456789abcdef" }
        (changes.wasFirstBoot, changes.isFirstBoot, changes.hasOtherManager) = (number & 2 != 0, number & 4 != 0, number & 8 != 0)
        reasons.formUnion(Advance(mode, over: changes, as: .upper).reason.string.split(separator: ", although ").map(String.init))
      }
    }
    // The generator's page has those to reload at all.
    reasons.remove(Hold.Need.upper.text.string)
    #expect(reasons.count == 5)
    let page = try Page("overlay-prep.service.8")
    for reason in reasons { #expect(page.has("\"\(reason)\""), "\(reason)") }
  }

  @Test("preroot-generator(8) quotes every reason to hold the units back by a condition", arguments: [
    .switchMode, .upper, .device, .scope, .binds, .firstBoot, .override("..."),
  ] as [Hold.Need])
  func hasNeed(need: Hold.Need) throws {
    #expect(try Page("preroot-generator.8").section("WHAT IT WRITES").contains("\"\(need.text.string)\""))
  }

  /// The names are those in the plans for all states of an upper.
  @Test("preroot.conf(5) explains every file on the upper's file system")
  func explainsFilesOfStore() throws {
    var settings = Settings()
    settings.upper = .device(DeviceName(.path, "/dev/x"))
    settings.binds = ["/srv"]
    let root = MountInfo(parsing: "1 0 98:0 / / ro - squashfs /dev/root ro")
    var facts = StoreFacts(in: Paths.store)
    (facts.hasUpper, facts.trash, facts.lower) = (true, [StoreFacts.trashName], LowerIdentity(type: "squashfs", superblock: "", rootHash: "new", imageVersion: ""))
    var steps = OverlayPlan(settings, over: root, machineID: nil).steps
    facts.commits = [1]
    for use in [UpperUse.asItIs, .anew("x"), .leftOut("x")] { steps += LayerPlan(facts, use, settings, isCounted: true).steps }
    let store = Paths.store.string + "/"
    let names = Set(steps.flatMap { [$0.path.string, $0.other.string] }.filter { $0.hasPrefix(store) }.map { String($0.dropFirst(store.count).prefix { $0 != "/" }) })
    #expect(names == ["upper", "work", "bind", "lower.id", "attempts", "reset", "resetting", "trash", "trash.1", "trash.2", "commit.1"])
    let page = try Page("preroot.conf.5")
    #expect(!page.entry("commit.1/, commit.2/ ...").isEmpty && !page.entry("\(StoreFacts.unfinishedCommit.string)/").isEmpty)
    for name in names where !name.hasPrefix("trash") && !name.hasPrefix("commit") { #expect(!(page.entry(name) + page.entry("\(name)/")).isEmpty, "\(name)") }
    #expect(!page.entry("trash/, trash.1/ ...").isEmpty)

    settings.onLowerChange = .new
    #expect(settings.layersDirectory(over: facts.lower).string.hasPrefix(store + "image-"))
    #expect(!page.entry("image-HASH/").isEmpty)
  }

  /// What the helper writes about a boot of a miniature machine, and about a step.
  private static func report() throws -> (state: State, events: [Event]) {
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", "1 0 98:0 / / ro - squashfs /dev/root ro\n")
    let image = try Machine(at: Text(utf8: machine.root))
    let report = Report(on: image)
    let facts = BootFacts(of: image)
    let preparation = Preparation(facts, of: image, bootingTo: "default.target", isFirstProcess: false, report)
    let outcome = Outcome(target: "default.target"), remark = Remark(.notice, "x")
    return (preparation.state(of: outcome), [preparation.event(of: outcome, remark), Event(step: "x", remark, at: 0, for: 0)])
  }

  @Test("overlay-prep.service(8) explains every name in state.json")
  func explainsState() throws {
    let object = try JSONSerialization.jsonObject(with: Data(Self.report().state.text.string.utf8))
    let names = try #require(object as? [String: Any]).keys
    #expect(names.count >= 7)
    let entry = try Page("overlay-prep.service.8").entry("/run/preroot/state.json")
    for name in names { #expect(entry.contains(try Regex("(?m)^ +\(name) ")), "\(name)") }
  }

  @Test("overlay-prep.service(8) gives every time limit", arguments: TimeLimit.allCases)
  func hasLimit(limit: TimeLimit) throws {
    let item =
      switch limit {
      case .check: "fsck"
      case .format: "mkfs"
      case .encryption: "cryptsetup, for each attempt"
      case .randomness: "the kernel has random numbers, for a key"
      case .deletion: "rm, of a replaced upper"
      case .copy: "cp, for each directory of Bind="
      case .reload: "reload"
      case .reexecution: "re-execution, until PID 1 answers again"
      case .helper: "overlay-prep.service"
      }
    let seconds = limit.microseconds / 1_000_000
    let words = seconds < 600 ? "\(seconds) s" : "\(seconds / 60) minutes"
    #expect(try Page("overlay-prep.service.8").entry(item).contains(try Regex("\\b\(words)\\b")))
  }

  @Test("overlay-prep.service(8) gives the time limit of the whole helper")
  func hasLimitOfHelper() throws {
    let unit = try Checkout.text("generator/units/overlay-prep.service")
    let minutes = try #require(unit.firstMatch(of: #/TimeoutStartSec=([0-9]+)min/#)?.output.1)
    #expect(Int64(minutes) == TimeLimit.helper.microseconds / 60_000_000)
    let page = try Page("overlay-prep.service.8")
    #expect(page.entry("overlay-prep.service").contains("\(minutes) minutes"))
    #expect(page.entry("overlay-prep.service").contains("TIME LIMITS"))
    for place in page.text.matches(of: #/([0-9]+|ten) minutes/#) { #expect(place.output.1 == minutes) }
  }

  @Test("overlay-prep.service(8) lists every step")
  func explainsSteps() throws {
    let entry = try Page("overlay-prep.service.8").section("STEPS")
    for verb in Step.Verb.allCases.map(\.text.string) { #expect(entry.contains(try Regex("(?m)(?:^ +|, )\(verb)(?:,|$)")), "\(verb)") }
  }

  @Test("overlay-prep.service(8) describes every installed unit")
  func namesUnits() throws {
    let units = try FileManager.default.contentsOfDirectory(atPath: Checkout.path.appending(path: "generator/units").path)
    let page = try Page("overlay-prep.service.8")
    for unit in units {
      #expect(page.section("NAME").contains(unit), "\(unit)")
      #expect(page.section("SYNOPSIS").contains(unit), "\(unit)")
      #expect(page.section("DESCRIPTION").contains(try Regex("(?m)^     \(unit)")), "\(unit)")
    }
  }

  /// Otherwise nobody would notice that an image lacks a program until the unit is needed.
  @Test("overlay-prep.service(8) names every program that a unit runs")
  func namesProgramsOfUnits() throws {
    let directory = Checkout.path.appending(path: "generator/units").path
    let page = try Page("overlay-prep.service.8")
    for unit in try FileManager.default.contentsOfDirectory(atPath: directory) {
      let lines = try Checkout.text("generator/units/\(unit)").replacing("\\\n", with: " ")
        .matches(of: #/(?m)^Exec\w+=[-@:+!]*(.*)$/#).map { String($0.output.1) }
      var programs = lines.map { String($0.prefix { $0 != " " }) }
      for script in lines.compactMap({ $0.firstMatch(of: #/sh -c '(.*)'/#)?.output.1 }) {
        programs += script.matches(of: #/(?:^|[;&|(!]|\bdo|\bthen)\s*([a-z]+)\b/#).map { String($0.output.1) }
          .filter { !["for", "do", "done", "exit", "if", "then", "fi", "echo"].contains($0) }
      }
      let entry = page.section("DESCRIPTION")
      for program in programs.map({ $0.split(separator: "/").last.map(String.init) ?? $0 }) {
        #expect(entry.contains(try Regex("\\b\(program)(\\(|\\b)")), "\(unit) runs \(program)")
      }
      #expect(unit != "preroot-fallback.service" || Set(programs) == ["sh", "mkdir", "touch", "mount", "systemctl"], "\(programs)")
    }
  }

  @Test("preroot.conf(5) names every word that enables or disables preroot")
  func namesWords() throws {
    let settings = try Page("preroot.conf.5").section("SETTINGS")
    for word in [Enable.wordsForNo, Enable.wordsForYes, "auto"].flatMap(\.words.strings) {
      #expect(settings.contains(try Regex("\\b\(word)\\b")), "\(word)")
      #expect(Enable(Text(utf8: word)) != nil)
    }
  }

  @Test("preroot.conf(5) names every read-only file system and every word that selects a target")
  func namesWordsOfOthers() throws {
    let lists = [BootFacts.readOnlyFileSystems, BootUnit.emergencyWords, BootUnit.rescueWords, BootUnit.multiUserWords]
    let page = try Page("preroot.conf.5")
    for word in lists.flatMap(\.words.strings) { #expect(page.text.contains(try Regex("(?:^|\\W)\(word)\\b")), "\(word)") }
  }

  @Test("The manual explains every exit status of the programs", arguments: [
    ("preroot-generator.8", preroot_generator.ExitStatus.allCases.map(\.rawValue)), ("overlay-prep.service.8", overlay_prep.ExitStatus.allCases.map(\.rawValue)),
    ("preroot.1", preroot.ExitStatus.allCases.map(\.rawValue)),
  ])
  func explainsExitStatus(page: String, statuses: [Int32]) throws {
    let explained = try Page(page).section("EXIT STATUS").matches(of: #/(?m)^     (\d+) /#).map { String($0.output.1) }
    #expect(explained == statuses.sorted().map { "\($0)" })
  }

  @Test("overlay-prep.service(8) explains every option of the helper")
  func explainsOptions() throws {
    let page = try Page("overlay-prep.service.8")
    let options = page.section("OPTIONS").matches(of: #/(?m)^     (--[a-z-]+)\b/#).map { String($0.output.1) }
    let read = options.map { Invocation([Text(utf8: $0)], isFirstProcess: false) }
    for option in options { #expect(Self.hasOption(Invocation([Text(utf8: option)], isFirstProcess: false)), "\(option)") }
    for purpose in [Invocation.settle, .fstab, .help] { #expect(read.contains(purpose), "\(purpose)") }
    let help = try Run(Checkout.ships("overlay-prep"), ["--help"]).output
    for option in options {
      #expect(help.contains(option), "\(option)")
      #expect(page.section("SYNOPSIS").contains(option), "\(option)")
    }
  }

  /// No default: a new case does not compile until it is in the list of the test above.
  private static func hasOption(_ invocation: Invocation) -> Bool {
    switch invocation {
    case .settle, .fstab, .help: true
    case .firstProcess, .prepare, .unknown: false
    }
  }

  @Test("preroot(1) explains exactly the tool's verbs and options")
  func explainsTool() throws {
    let page = try Page("preroot.1")
    let verbs = page.section("VERBS").matches(of: #/(?m)^     ([a-z]+)\b/#).map { String($0.output.1) }
    #expect(verbs == Verb.words.words.strings)
    let options = page.section("OPTIONS").matches(of: #/(?m)^     (--[a-z-]+)/#).map { String($0.output.1) }
    #expect(options.sorted() == Option.words.words.strings.sorted())
    for word in verbs + options { #expect(page.section("SYNOPSIS").contains(word), "\(word)") }
  }

  @Test("preroot(1) explains every name in the JSON output")
  func explainsObject() throws {
    // A machine with an overlay has every name.
    let machine = try MiniatureMachine()
    try machine.write("proc/1/mountinfo", """
      1 0 0:30 / / rw shared:1 - overlay preroot rw,lowerdir=/run/initramfs/preroot/lower,upperdir=/run/initramfs/preroot/upper/upper,workdir=/w
      2 1 98:0 / /run/initramfs/preroot/lower ro - squashfs /dev/root ro
      3 1 98:16 / /run/initramfs/preroot/upper rw - ext4 /dev/ubdb rw

      """)
    try machine.write("run/initramfs/preroot/upper/upper/file", "")
    let run = try Run(Checkout.ships("preroot"), ["status", "--json"], environment: ["PREROOT_ROOT": machine.root, "SYSTEMD_PROC_CMDLINE": "preroot=/dev/ubdb"])
    let names = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]).keys.sorted()
    #expect(names.count >= 10, "\(names)")
    let options = try Page("preroot.1").section("OPTIONS")
    for name in names { #expect(options.contains(try Regex("\\b\(name)\\b")), "\(name)") }
  }

  @Test("preroot-generator(8) quotes every reason for leaving a boot alone", arguments: [
    Reason.userManager, .initrd, .disabled, .container("..."), .rootUnknown, .rootWritable(type: "...", source: "..."), .missing("..."),
    .masked("..."), .emergency, .unitIsNoTarget("..."), .running, .unread("..."),
  ])
  func hasReason(reason: Reason) throws {
    // No default: a new case does not compile until it is in the list above.
    switch reason {
    case .userManager, .initrd, .disabled, .container, .rootUnknown, .rootWritable, .missing, .masked, .emergency, .unitIsNoTarget, .running, .unread: break
    }
    let decision = try Page("preroot-generator.8").section("THE DECISION")
    #expect(decision.contains("\"\(reason.text.string)\" (\(reason.priority))"))
  }

  @Test("preroot-generator(8) quotes every cause of staging a boot", arguments: [
    Cause.asked, .fileSystem("..."), .device("..."), .fileSystemTable,
  ])
  func hasCause(cause: Cause) throws {
    switch cause {
    case .asked, .fileSystem, .device, .fileSystemTable: break
    }
    #expect(try Page("preroot-generator.8").section("THE DECISION").contains("\"\(cause.text.string)\""))
  }

  @Test("preroot-generator(8) names every masked unit type and every file of stage 1")
  func namesFilesOfStageOne() throws {
    let page = try Page("preroot-generator.8").section("WHAT IT WRITES")
    for type in StageOne.heldTypes { #expect(page.contains("\(type.string).d"), "\(type.string)") }
    for node in UnitTree(for: .staged(target: "default.target", .asked), on: BootFacts()).nodes.filter({ $0.path.hasPrefix("service.d/") }) {
      #expect(page.contains(node.path.fileName.string))
    }
    #expect(page.contains("10-target.conf"))
    #expect(page.contains("ConditionPathExists=\(Paths.ready.string)"))
    #expect(page.contains("After=overlay-prep.service"))
  }

  @Test("preroot-generator(8) names every file of stage 2")
  func namesFilesOfStageTwo() throws {
    let page = try Page("preroot-generator.8").section("WHAT IT WRITES")
    var facts = BootFacts()
    facts.fileSystemTable = FileSystemTable(parsing: "/dev/root / ext4 ro\n/swap none swap sw\n")
    facts.mountInfo = MountInfo(parsing: "1 0 0:1 / / rw - overlay preroot rw\n2 1 0:2 / /etc rw - overlay preroot rw\n")
    let paths = UnitTree(for: .settled, on: facts).nodes.map(\.path.string)
    #expect(paths.count == 8)
    for path in paths { #expect(page.contains(path == "etc.mount" ? ".mount" : path == "swap.swap" ? ".swap" : path), "\(path)") }
  }

  @Test("The manual names every file below /run/preroot")
  func namesFilesOfRun() throws {
    let directory = Checkout.path.appending(path: "Sources").path
    let sources = try FileManager.default.subpathsOfDirectory(atPath: directory).filter { $0.hasSuffix(".swift") }
      .map { try Checkout.text("Sources/\($0)") }.joined()
    let files = Set(sources.matches(of: #/\/run\/(?:preroot\/|motd\.d\/)[a-z]+(?:\.json)?/#).map { String($0.output) })
    #expect(files.count >= 6)
    let pages = try Page.all.map { try Page($0).text }.joined()
    for file in files { #expect(pages.contains(file), "\(file)") }
  }

  @Test("Each manual page names the paths that it promises", arguments: [
    ("preroot.conf.5", [
      "/etc/preroot.conf", "/run/preroot.conf", "/usr/lib/preroot.conf", "/etc/preroot.conf.d/*.conf", "/run/preroot.conf.d/*.conf",
      "/usr/lib/preroot.conf.d/*.conf",
    ]),
    ("preroot-generator.8", ["/usr/lib/systemd/system-generators/preroot-generator", "/run/preroot/ready", "/proc/1/mountinfo", "/dev/kmsg"]),
    ("overlay-prep.service.8", [
      "/usr/lib/preroot/overlay-prep", "/run/initramfs/preroot/lower", "/run/initramfs/preroot/upper", "/run/preroot/ready", "/run/preroot/events",
      "/run/systemd/volatile-root", "overlay-prep.target", "overlay-prep.service", "preroot-fallback.service", "preroot-settle.service",
    ]),
  ] as [(String, [String])])
  func namesPaths(page: String, paths: [String]) throws {
    let page = try Page(page)
    for path in paths { #expect(page.has(path), "\(path)") }
  }

  @Test("The manual explains every environment variable", arguments: Variable.allCases)
  func explainsVariable(variable: Variable) throws {
    let page =
      switch variable {
      case .root, .scope, .inInitrd, .virtualization, .commandLine: "preroot-generator.8"
      case .container: "overlay-prep.service.8"
      case .noColour, .terminal, .shell: "preroot.1"
      }
    #expect(try Page(page).section("ENVIRONMENT").contains(try Regex("(?m)^     (?:\\w+, )*\(variable.word.string)(?:,| |$)")))
  }

  @Test("overlay-prep.service(8) explains every journal field")
  func explainsFields() throws {
    let lines = try Self.report().events.flatMap { $0.text.string.split(separator: "\n") }
    let fields = Set(lines.map { String($0.prefix { $0 != "=" }) }).subtracting(["MESSAGE", "PRIORITY"])
    #expect(fields.count >= 10)
    let log = try Page("overlay-prep.service.8").section("THE LOG")
    for field in fields { #expect(log.contains("\(field)="), "\(field)") }
  }

  @Test("The manual and the catalog explain every message ID", arguments: Event.Message.allCases)
  func explainMessage(message: Event.Message) throws {
    let id = message.id.string
    #expect(try Page("overlay-prep.service.8").section("THE LOG").contains(id))
    #expect(try Checkout.text("docs/preroot.catalog").contains("-- \(id)\nSubject: "))
  }
}

@Suite("The sources")
struct SourceTests {
  @Test("Each source file names its license in its first line")
  func nameLicense() throws {
    var count = 0
    for directory in ["Sources", "generator", "Tests"] {
      for file in try FileManager.default.subpathsOfDirectory(atPath: Checkout.path.appending(path: directory).path) where file.contains(#/\.(?:swift|c|h|service|target|slice)$/#) && !file.contains("Cases/") {
        let lines = try Checkout.text("\(directory)/\(file)").split(separator: "\n", maxSplits: 2)
        #expect(lines.prefix(2).contains { $0.hasSuffix(" SPDX-License-Identifier: MIT") }, "\(directory)/\(file)")
        count += 1
      }
    }
    #expect(count > 200)
  }
}

@Suite("The message catalog")
struct CatalogTests {
  @Test("journalctl accepts the message catalog")
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
    #expect(list.output.split(separator: "\n").count == Event.Message.allCases.count)
    for line in list.output.split(separator: "\n") { #expect(line.contains("preroot: ")) }
  }
}
