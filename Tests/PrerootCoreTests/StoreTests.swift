// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

/// The upper's file system in memory: paths and file contents. Each change is one that a file system makes atomically, and the power
/// fails after a given number of changes.
struct Store {
  struct PowerCut: Error {}

  static let directory = "a directory"

  private(set) var nodes: [String: String] = [:]
  /// The number of changes until the power fails; nil if it never does.
  var changesLeft: Int?
  /// Whether nothing can be written.
  var isReadOnly = false
  /// Whether there is enough time to delete a tree.
  var deletes = true

  init(_ files: [String: String]) {
    for (path, contents) in files {
      for parent in Text(utf8: path).parents.strings { nodes[parent] = Self.directory }
      nodes[path] = contents
    }
  }

  subscript(path: String) -> String? { nodes[path] }
  func has(_ path: String) -> Bool { nodes[path] != nil }
  /// The nodes at the path and below it.
  func below(_ path: String) -> [String: String] { nodes.filter { $0.key == path || $0.key.hasPrefix(path + "/") } }
  private func isEmpty(_ path: String) -> Bool { below(path).count == 1 }
  private func parent(_ path: String) -> String { String(path[..<path.lastIndex(of: "/")!]) }

  private mutating func change(_ body: (inout [String: String]) -> Void) throws {
    if isReadOnly { throw Errno(rawValue: 30) }
    if changesLeft == 0 { throw PowerCut() }
    changesLeft = changesLeft.map { $0 - 1 }
    body(&nodes)
  }

  mutating func write(_ path: String, _ contents: String) throws {
    guard has(parent(path)) else { throw Errno.noSuchFileOrDirectory }
    try change { $0[path] = contents }
  }

  mutating func makeDirectory(_ path: String) throws {
    if !has(path) { try write(path, Self.directory) }
  }

  mutating func remove(_ path: String) throws {
    for node in below(path).keys.sorted(by: >) { try change { $0[node] = nil } }
  }

  mutating func rename(_ path: String, to other: String) throws {
    guard has(path), has(parent(other)) else { throw Errno.noSuchFileOrDirectory }
    guard !has(other) || isEmpty(other) else { throw Errno.directoryNotEmpty }
    let moved = below(path)
    try change {
      for (name, contents) in moved {
        $0[name] = nil
        $0[other + name.dropFirst(path.count)] = contents
      }
    }
  }

  /// Performs a step as `Step.Verb` documents it.
  mutating func perform(_ step: Step) throws {
    let path = step.path.string, other = step.other.string
    switch step.verb {
    case .makeDirectory, .makeStoreDirectory: try makeDirectory(path)
    case .writeDurably: try write(path, other)
    case .removeDurably: if has(path) { try remove(path) }
    case .setAside:
      if !has(path) { return }
      if has(other) { throw Errno.fileExists }
      try rename(path, to: other)
    case .takeBack:
      if !has(other) { return }
      for parent in step.path.parents.strings { try makeDirectory(parent) }
      try rename(other, to: path)
    case .deleteTree: if deletes { try remove(path) }
    case .allowWriting: isReadOnly = false
    case .forbidWriting: isReadOnly = true
    default: throw Errno.invalidArgument
    }
  }
}

extension Store {
  static let root = "/run/initramfs/preroot/upper"
  static let oldImage = LowerIdentity(type: "squashfs", superblock: "", rootHash: "01d", imageVersion: "")!
  static let newImage = LowerIdentity(type: "squashfs", superblock: "", rootHash: "2ef", imageVersion: "")!

  /// An upper that has been in use over the old image.
  static func used(in directory: String = root, mark: String? = nil) -> Store {
    var files = [
      "upper/etc/hostname": "box", "upper/etc/ssh/key": "secret", "upper/etc/ssh/keys/more": "secret", "upper/var/lib/data": "1", "upper/home/file": "2",
      "work/work/x": "", "bind/srv/file": "3", "lower.id": oldImage.text.string + "\n", "attempts": "1\n",
    ]
    files["reset"] = mark
    return Store(Dictionary(uniqueKeysWithValues: files.map { ("\(directory)/\($0.key)", $0.value) }))
  }

  /// The facts that `StoreFacts+Reading` would read.
  func facts(in directory: String, lower: LowerIdentity?) -> StoreFacts {
    func text(_ name: String) -> Text? { self["\(directory)/\(name)"].map { Text(utf8: $0) } }
    var facts = StoreFacts(in: Text(utf8: directory))
    facts.hasUpper = has("\(directory)/upper")
    facts.commits = (1...3).filter { has("\(directory)/commit.\($0)") }
    facts.trash = ["trash", "trash.1", "trash.2", "trash.3", "trash.4", "committing"].filter { has("\(directory)/\($0)") }.map { Text(utf8: $0) }
    facts.recorded = text("lower.id")?.trimmed
    facts.attempts = text("attempts")?.trimmed.decimalValue ?? 0
    facts.mark = text("reset")
    facts.isResetting = has("\(directory)/resetting")
    facts.lower = lower
    return facts
  }

  /// Does everything that a boot does to the store, and returns how it used the upper.
  @discardableResult
  mutating func boot(
    _ settings: Settings = Settings(), in directory: String = root, over lower: LowerIdentity? = oldImage, isReset: Bool = false
  ) throws -> UpperUse {
    let facts = facts(in: directory, lower: lower)
    let use = UpperUse(facts, settings, isReset: isReset, isCounted: settings.attempts > 0)
    for step in LayerPlan(facts, use, settings, isCounted: settings.attempts > 0).steps { try perform(step) }
    if case .leftOut = use { return use }
    for name in ["upper", "work"] { try perform(Step(.makeStoreDirectory, Text(utf8: "\(directory)/\(name)"))) }
    return use
  }

  /// All nodes except the count, which each boot increments.
  var lasting: [String: String] { nodes.filter { !$0.key.hasSuffix("/attempts") } }
}

@Suite("The use of an upper")
struct UpperUseTests {
  private static let marked = "it is marked for a reset", begun = "an earlier boot began a reset"
  private static let asked = "preroot.reset or systemd.factory_reset= requests it", other = "it was made over a different image"
  private static let warning = "The upper was made over a different image: the files it has changed hide the new image's; preroot.reset starts from the image"

  private func leftOut(_ count: Int) -> UpperUse {
    .leftOut(Text(decimal: count) + " boots in a row did not reach their target with it; the next boot tries it again")
  }

  private func facts(recorded: Text? = Store.oldImage.text, over lower: LowerIdentity? = Store.oldImage) -> StoreFacts {
    var facts = StoreFacts(in: "/store")
    facts.hasUpper = true
    facts.recorded = recorded
    facts.lower = lower
    return facts
  }

  private func use(_ facts: StoreFacts, _ policy: LowerChange = .warn, attempts: Int = 3, isReset: Bool = false, isCounted: Bool = true) -> UpperUse {
    var settings = Settings()
    settings.onLowerChange = policy
    settings.attempts = attempts
    return UpperUse(facts, settings, isReset: isReset, isCounted: isCounted && attempts > 0)
  }

  @Test("An upper is used as it is if nothing has changed")
  func isNothing() {
    for policy in LowerChange.all {
      #expect(use(facts(), policy) == .asItIs)
      #expect(use(StoreFacts(in: "/store"), policy) == .asItIs, "There is none yet")
    }
  }

  @Test("OnLowerChange= decides about an upper of an older image", arguments: [
    (LowerChange.keep, UpperUse.asItIs), (.warn, .asItIsAlthough(Text(utf8: warning))), (.reset, .anew(Text(utf8: other))), (.new, .asItIs),
  ])
  func isPolicy(policy: LowerChange, expected: UpperUse) {
    #expect(use(facts(over: Store.newImage), policy) == expected)
  }

  @Test("An upper is used as it is if the image cannot be identified")
  func isNothingByDoubt() {
    for policy in LowerChange.all {
      #expect(use(facts(recorded: nil, over: Store.newImage), policy) == .asItIs)
      #expect(use(facts(over: nil), policy) == .asItIs)
      #expect(use(facts(recorded: nil, over: nil), policy) == .asItIs)
      var none = facts(over: Store.newImage)
      none.hasUpper = false
      #expect(use(none, policy) == .asItIs)
    }
  }

  @Test("A rescue boot gets the upper even after too many failed boots")
  func isThereForRescue() {
    var facts = facts()
    facts.attempts = 5
    #expect(use(facts, isCounted: false) == .asItIs)
  }

  @Test("A boot leaves the upper out after Attempts= failed boots", arguments: [
    (0, 3, false), (2, 3, false), (3, 3, true), (4, 3, true), (1, 1, true), (0, 1, false), (100, 0, false), (99, 100, false),
  ])
  func isLeftOut(count: Int, limit: Int, expected: Bool) {
    var facts = facts()
    facts.attempts = count
    #expect(use(facts, attempts: limit) == (expected ? leftOut(count) : .asItIs))
  }

  /// A reset comes first because it repairs an upper with which no boot succeeds.
  @Test("A begun reset, a mark, the reset word, the count and the image decide in this order")
  func hasPrecedence() {
    var all = facts(over: Store.newImage)
    all.attempts = 3
    all.mark = ""
    all.isResetting = true
    for policy in LowerChange.all {
      var facts = all
      #expect(use(facts, policy, isReset: true) == .anew(Text(utf8: Self.begun)))
      facts.isResetting = false
      #expect(use(facts, policy, isReset: true) == .anew(Text(utf8: Self.marked)))
      facts.mark = nil
      #expect(use(facts, policy, isReset: true) == .anew(Text(utf8: Self.asked)))
      #expect(use(facts, policy) == leftOut(3))
    }
    #expect(use(all, .reset, attempts: 0) == .anew(Text(utf8: Self.begun)))
    all.isResetting = false
    all.mark = nil
    #expect(use(all, .reset, attempts: 0) == .anew(Text(utf8: Self.other)))
  }

  @Test("The decision about an upper does not depend on its directory")
  func isOfNoPlace() {
    var facts = facts()
    facts.directory = "/elsewhere"
    facts.trash = ["trash"]
    #expect(use(facts) == .asItIs)
  }
}

extension LowerChange {
  static let all: [LowerChange] = [.keep, .warn, .reset, .new]
}

@Suite("The layer plan")
struct LayerPlanTests {
  private func steps(_ use: UpperUse, in directory: Text = Paths.store, isCounted: Bool = true, _ change: (inout StoreFacts) -> Void = { _ in }) -> [Step] {
    var facts = StoreFacts(in: directory)
    facts.hasUpper = true
    facts.recorded = Store.oldImage.text
    facts.lower = Store.oldImage
    change(&facts)
    return LayerPlan(facts, use, Settings(), isCounted: isCounted).steps
  }
  private let store = Paths.store

  @Test("The layer plan only counts the boot if the upper is used as it is", arguments: [UpperUse.asItIs, .asItIsAlthough("Said")])
  func leavesAlone(use: UpperUse) {
    #expect(steps(use) == [Step(.writeDurably, store + "/attempts", "1\n")])
    #expect(steps(use) { $0.attempts = 2 } == [Step(.writeDurably, store + "/attempts", "3\n")])
    #expect(steps(use, isCounted: false).isEmpty)
    #expect(steps(use, isCounted: false) { $0.mark = "/etc\n" }.isEmpty)
  }

  @Test("The layer plan records the image unless it is recorded already", arguments: [nil, Store.newImage.text] as [Text?])
  func recordsLower(recorded: Text?) {
    #expect(steps(.asItIs, isCounted: false) { $0.recorded = recorded } == [Step(.writeDurably, store + "/lower.id", Store.oldImage.text + "\n")])
    #expect(steps(.asItIs, isCounted: false) { $0.recorded = recorded; $0.lower = nil }.isEmpty)
  }

  @Test("The layer plan deletes the trash of earlier resets")
  func deletesTrash() {
    #expect(steps(.asItIs, isCounted: false) { $0.trash = ["trash"] } == [Step(.deleteTree, store + "/trash")])
  }

  @Test("The layer plan creates the directories above the upper from the top", arguments: [
    ("/run/initramfs/preroot/upper/a", ["/run/initramfs/preroot/upper/a"]),
    ("/run/initramfs/preroot/upper/a/b", ["/run/initramfs/preroot/upper/a", "/run/initramfs/preroot/upper/a/b"]),
    ("/run/initramfs/preroot/upper", []),
  ] as [(String, [String])])
  func makesDirectories(directory: String, expected: [String]) {
    #expect(steps(.asItIs, in: Text(utf8: directory), isCounted: false) == expected.map { Step(.makeDirectory, Text(utf8: $0)) })
  }

  @Test("The layer plan only decrements the count if the upper is left out")
  func leavesOut() {
    for isCounted in [false, true] {
      #expect(steps(.leftOut("Broken"), isCounted: isCounted) { $0.attempts = 3; $0.recorded = nil }
        == [Step(.removeDurably, store + "/attempts"), Step(.writeDurably, store + "/attempts", "2\n")])
    }
  }

  @Test("A reset deletes the old upper before it writes, and removes the mark last")
  func startsAnew() {
    #expect(steps(.anew("Asked")) { $0.attempts = 2; $0.recorded = nil; $0.trash = ["trash"] } == [
      Step(.deleteTree, store + "/trash"),
      Step(.setAside, store + "/upper", store + "/resetting", part: "Reset=yes"),
      Step(.deleteTree, store + "/resetting", part: "Reset=yes"),
      Step(.writeDurably, store + "/lower.id", Store.oldImage.text + "\n"),
      Step(.writeDurably, store + "/attempts", "1\n"),
      Step(.removeDurably, store + "/reset", part: "Reset=yes"),
      Step(.setAside, store + "/resetting", store + "/trash.1", part: "Reset=yes"),
    ])
  }

  @Test("An interrupted reset continues after the step that set the old upper aside")
  func goesOn() {
    #expect(steps(.anew("Begun")) { $0.isResetting = true } == Array(steps(.anew("Asked")).dropFirst()))
  }

  @Test("A reset names its trash so that it clashes with no other", arguments: [
    ([], "trash"), (["trash"], "trash.1"), (["trash.1"], "trash"), (["trash", "trash.1", "trash.3"], "trash.2"),
  ] as [([String], String)])
  func findsFreeName(taken: [String], expected: String) {
    #expect(steps(.anew("Asked")) { $0.trash = taken.map { Text(utf8: $0) } }.last?.other == store + "/" + Text(utf8: expected))
  }

  @Test("A reset keeps the paths that the mark lists, and skips invalid ones", arguments: [
    ("", []), ("\n", []), ("/etc/ssh\n", ["/etc/ssh"]), ("/a\n/b c\n", ["/a", "/b c"]), (" /etc/ \n\n//var//lib/", ["/etc", "/var/lib"]),
    ("/\netc\n/../etc\n/etc/..\n.\n/x", ["/x"]), ("/a/b\n/a\n/a/c\n/ab\n/a", ["/a", "/ab"]),
  ] as [(String, [String])])
  func takesBack(mark: String, expected: [String]) {
    let taken = steps(.anew("Marked")) { $0.mark = Text(utf8: mark) }.filter { $0.verb == .takeBack }
    #expect(taken == expected.map { Step(.takeBack, store + "/upper" + Text(utf8: $0), store + "/resetting" + Text(utf8: $0), part: "Reset=yes") })
  }
}

/// One way to request a reset.
struct Reset: CustomTestStringConvertible, Sendable {
  var testDescription: String
  /// Whether the command line of the first boot has the word.
  var isAsked = false
  var mark: String?
  var policy = LowerChange.warn
  var lower = Store.oldImage
  var directory = Store.root
  /// The upper's contents after the reset.
  var kept: [String: String] = [:]

  var settings: Settings {
    var settings = Settings()
    settings.onLowerChange = policy
    // These tests interrupt more boots in a row than the default allows.
    settings.attempts = 100
    return settings
  }
  var before: Store { Store.used(in: directory, mark: mark) }

  static let all = [
    Reset(testDescription: "by the word", isAsked: true),
    Reset(testDescription: "by the word, in a directory", isAsked: true, directory: Store.root + "/a/b"),
    Reset(testDescription: "by the word, over another image", isAsked: true, lower: Store.newImage),
    Reset(testDescription: "by a mark", mark: ""),
    Reset(
      testDescription: "by a mark that keeps some", mark: "/etc/ssh\n/var/lib/data\n/none\njunk\n",
      kept: [
        "/etc": Store.directory, "/etc/ssh": Store.directory, "/etc/ssh/key": "secret", "/etc/ssh/keys": Store.directory, "/etc/ssh/keys/more": "secret",
        "/var": Store.directory, "/var/lib": Store.directory, "/var/lib/data": "1",
      ]),
    Reset(
      testDescription: "by a mark that keeps one within another", mark: "/etc/ssh/keys\n/etc/ssh\n/etc/ssh/key\n/etc/ssh\n",
      kept: [
        "/etc": Store.directory, "/etc/ssh": Store.directory, "/etc/ssh/key": "secret", "/etc/ssh/keys": Store.directory, "/etc/ssh/keys/more": "secret",
      ]),
    Reset(testDescription: "by the policy", policy: .reset, lower: Store.newImage),
  ]
}

@Suite("Power cuts on a simulated upper")
struct PowerCutTests {
  /// The state in which the reset has to end.
  private func end(of reset: Reset) -> [String: String] {
    var files = reset.before.lasting.filter { !$0.key.hasPrefix("\(reset.directory)/upper/") && !$0.key.hasSuffix("/reset") }
    for (path, contents) in reset.kept { files["\(reset.directory)/upper\(path)"] = contents }
    files["\(reset.directory)/lower.id"] = reset.lower.text.string + "\n"
    return files
  }

  /// Boots with a power cut after so many changes, and returns whether it came to that.
  private func boot(_ store: inout Store, _ reset: Reset, isAsked: Bool, cutAfter count: Int?) throws -> Bool {
    store.changesLeft = count
    do {
      try store.boot(reset.settings, in: reset.directory, over: reset.lower, isReset: isAsked)
      return false
    } catch is Store.PowerCut { return true }
  }

  @Test("A reset that is not interrupted leaves only the kept files in the upper", arguments: Reset.all)
  func isNone(reset: Reset) throws {
    var store = reset.before
    #expect(try !boot(&store, reset, isAsked: reset.isAsked, cutAfter: nil))
    #expect(store.lasting == end(of: reset))
    #expect(store["\(reset.directory)/attempts"] == "1\n")
  }

  @Test("Two power cuts at any points of a reset do not change its result", arguments: Reset.all)
  func isAnywhere(reset: Reset) throws {
    var count = 0, isCut = true
    while isCut {
      var once = reset.before
      isCut = try boot(&once, reset, isAsked: reset.isAsked, cutAfter: count)
      var second = 0, isCutAgain = true
      while isCutAgain {
        var store = once
        isCutAgain = try boot(&store, reset, isAsked: isCut && reset.isAsked, cutAfter: second)
        #expect(try !boot(&store, reset, isAsked: isCut && isCutAgain && reset.isAsked, cutAfter: nil))
        #expect(store.lasting == end(of: reset), "after \(count) and \(second) changes")
        second += 1
      }
      count += 1
    }
    #expect(count > 10)
  }

  /// Somebody types the word once, in the boot loader.
  @Test("A reset whose word is gone in the next boot is done as a whole or not at all", arguments: Reset.all.filter(\.isAsked))
  func isBeforeForgottenWord(reset: Reset) throws {
    var outcomes: Set<Bool> = []
    var count = 0, isCut = true
    while isCut {
      var store = reset.before
      isCut = try boot(&store, reset, isAsked: true, cutAfter: count)
      let isBegun = store.has("\(reset.directory)/resetting") || !isCut || count > 0
      #expect(try !boot(&store, reset, isAsked: false, cutAfter: nil))
      let upper = store.below("\(reset.directory)/upper")
      let isReset = upper.count == 1
      #expect(isReset == isBegun)
      #expect(isReset || upper == reset.before.below("\(reset.directory)/upper"), "after \(count) changes")
      if isReset { #expect(store.lasting == end(of: reset), "after \(count) changes") }
      outcomes.insert(isReset)
      count += 1
    }
    #expect(outcomes == [false, true])
  }

  @Test("An interrupted deletion of the old upper does not reset the new one", arguments: Reset.all)
  func isInDeletion(reset: Reset) throws {
    for deletes in [[true, true, true], [false, true, true], [false, false, true], [false, false, false]] {
      var store = reset.before
      for (place, deletes) in deletes.enumerated() {
        store.deletes = deletes
        #expect(try !boot(&store, reset, isAsked: place == 0 && reset.isAsked, cutAfter: nil))
        if place == 0 { try store.write("\(reset.directory)/upper/new", "mine") }
        #expect(store["\(reset.directory)/upper/new"] == "mine")
        #expect(!store.has("\(reset.directory)/resetting"))
      }
      #expect(store.has("\(reset.directory)/trash") == !deletes.contains(true))
      #expect(!store.has("\(reset.directory)/reset"))
    }
  }

  @Test("A power cut in a boot without a reset leaves the upper untouched", arguments: LowerChange.all)
  func isWithoutReset(policy: LowerChange) throws {
    for lower in [Store.oldImage, Store.newImage, nil] as [LowerIdentity?] where policy != .reset || lower != Store.newImage {
      for attempts in [0, 1, 3] {
        var settings = Settings()
        settings.onLowerChange = policy
        settings.attempts = attempts
        var count = 0, isCut = true
        while isCut {
          var store = Store.used()
          isCut = false
          for changesLeft in [count, nil] {
            store.changesLeft = changesLeft
            do { try store.boot(settings, over: lower) } catch is Store.PowerCut { isCut = true }
            for part in ["upper", "work", "bind"] {
              #expect(store.below("\(Store.root)/\(part)") == Store.used().below("\(Store.root)/\(part)"))
            }
          }
          count += 1
        }
      }
    }
  }
}

@Suite("The count of failed boots")
struct AttemptTests {
  /// For each of several failed boots, whether it used the upper.
  private func uses(limit: Int, boots: Int, before: String? = nil) throws -> [Bool] {
    var settings = Settings()
    settings.attempts = limit
    var store = Store.used()
    if let before { try store.write(Store.root + "/attempts", before) } else { try store.remove(Store.root + "/attempts") }
    return try (0..<boots).map { _ in
      if case .leftOut = try store.boot(settings) { false } else { true }
    }
  }

  @Test("The upper is left out of every second boot once Attempts= boots have failed")
  func leavesOut() throws {
    #expect(try uses(limit: 3, boots: 8) == [true, true, true, false, true, false, true, false])
    #expect(try uses(limit: 1, boots: 4) == [true, false, true, false])
    #expect(try uses(limit: 0, boots: 5) == [true, true, true, true, true])
  }

  /// This happens after somebody lowers the limit.
  @Test("The upper is tried every second boot even if the count is far over the limit", arguments: ["4\n", "50\n", "9223372036854775807\n"])
  func isFarOver(before: String) throws {
    #expect(try uses(limit: 3, boots: 4, before: before) == [false, true, false, true])
  }

  @Test("An invalid count of failed boots counts as zero", arguments: ["", "\n", "junk\n", "-1\n", "99999999999999999999\n"])
  func beginsAnew(before: String) throws {
    #expect(try uses(limit: 1, boots: 2, before: before) == [true, false])
  }
}
