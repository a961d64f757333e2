// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

private let store = Paths.store

extension Settings {
  /// An upper on a device that is written on demand.
  fileprivate static func onDemand(binds: [Text] = [], attempts: Int = 3) -> Settings {
    var settings = Settings()
    settings.upper = .device(DeviceName(.path, "/dev/vdb"))
    settings.memory = TmpfsOptions()
    settings.binds = binds
    settings.attempts = attempts
    return settings
  }
}

@Suite("The plans for a device that is written on demand")
struct CommitPlanTests {
  private func facts(_ change: (inout StoreFacts) -> Void = { _ in }) -> StoreFacts {
    var facts = StoreFacts(in: store)
    facts.hasUpper = true
    facts.recorded = Store.oldImage.text
    facts.lower = Store.oldImage
    change(&facts)
    return facts
  }

  private func layers(_ facts: StoreFacts, _ use: UpperUse = .asItIs, _ settings: Settings = .onDemand(), isCounted: Bool = true) -> [String] {
    LayerPlan(facts, use, settings, isCounted: isCounted).steps.map { $0.text.string.replacing(store.string, with: "STORE") }
  }

  @Test("The store plan mounts the device read-only, and a tmpfs beside it")
  func mounts() {
    let text = StorePlan("/dev/vdb", .mount(type: "ext4"), .onDemand(), over: Table.shared).steps.text.string
    #expect(text.hasSuffix("""
      mount device at /run/initramfs/preroot/upper (ext4 /dev/vdb ro,nosuid,nodev)
      make directory /run/initramfs/preroot/memory
      mount tmpfs at /run/initramfs/preroot/memory (nosuid,nodev,mode=0755,size=25%,nr_inodes=1m)
      require space on /run/initramfs/preroot/memory

      """), "\(text)")
  }

  @Test("The store plan mounts the device writable if Bind= has data there")
  func mountsWritable() {
    let steps = StorePlan("/dev/vdb", .mount(type: "ext4"), .onDemand(binds: ["/srv"]), over: Table.shared).steps
    #expect(steps.contains { $0.text == "mount device at /run/initramfs/preroot/upper (ext4 /dev/vdb nosuid,nodev)" })
  }

  @Test("The overlay receives changes in memory, over what was committed, over the image", arguments: [
    (["/"], "lowerdir=/run/initramfs/preroot/upper/upper:/run/initramfs/preroot/lower"), ([], "lowerdir=/run/initramfs/preroot/lower"),
  ] as [([Text], String)])
  func overlays(committed: [Text], lower: String) {
    let steps = OverlayPlan(.onDemand(), committed: committed, over: Table.shared, machineID: nil).steps
    #expect(steps.filter { $0.verb == .mountOverlay }.map(\.options.data.string) == [
      lower + ",upperdir=/run/initramfs/preroot/memory/upper,workdir=/run/initramfs/preroot/memory/work,index=off,metacopy=off,redirect_dir=nofollow,xino=off",
    ])
    let model = committed.isEmpty ? "/run/initramfs/preroot/lower" : "/run/initramfs/preroot/upper/upper"
    #expect(steps.filter { $0.verb == .makeStoreDirectory }.map(\.text.string) == ["upper", "work"].map {
      "make store directory /run/initramfs/preroot/memory/\($0) (\(model))"
    })
  }

  @Test("Of the directories in Scope=, those that were committed have another lower")
  func overlaysDirectories() {
    var settings = Settings.onDemand()
    settings.scope = .directories(["/etc", "/var/lib"])
    let steps = OverlayPlan(settings, committed: ["/var/lib"], over: Table.shared, machineID: nil).steps
    #expect(steps.filter { $0.verb == .mountOverlay }.map { String($0.options.data.string.prefix { $0 != "," }) } == [
      "lowerdir=/run/initramfs/preroot/lower/etc",
      "lowerdir=/run/initramfs/preroot/upper/upper/var/lib:/run/initramfs/preroot/lower/var/lib",
    ])
    let models = steps.filter { $0.verb == .makeStoreDirectory && $0.path.hasPrefix(Paths.memory + "/upper") }.map(\.other.string)
    #expect(models == ["upper/upper", "lower/etc", "upper/upper/var", "upper/upper/var/lib"].map { "/run/initramfs/preroot/\($0)" })
  }

  @Test("A boot that has nothing to do on the device does not write to it")
  func leavesAlone() {
    #expect(layers(facts(), isCounted: false) == [])
    #expect(layers(StoreFacts(in: store + "/a/b"), isCounted: false) == [])
    #expect(layers(facts { $0.recorded = nil; $0.hasUpper = false }, isCounted: false) == [])
    #expect(!facts().isUntried)
  }

  @Test("A boot with something to do on the device makes it writable for that time only", arguments: [false, true])
  func opens(hasBinds: Bool) {
    let steps = layers(facts { $0.recorded = nil }, .asItIs, .onDemand(binds: hasBinds ? ["/srv"] : []), isCounted: false)
    #expect(steps == (hasBinds ? ["write STORE/lower.id"] : ["allow writing to STORE", "write STORE/lower.id", "forbid writing to STORE"]))
  }

  @Test("A commit takes the place of the upper, which stays until a boot has reached its target")
  func takes() {
    let facts = facts { $0.commits = [2]; $0.attempts = 1 }
    #expect(facts.isUntried)
    #expect(layers(facts) == [
      "allow writing to STORE", "set aside STORE/upper (STORE/previous)", "remove STORE/attempts", "set aside STORE/commit.2 (STORE/upper)",
      "write STORE/attempts", "forbid writing to STORE",
    ])
  }

  @Test("A commit is used in the same way if every change goes to the device")
  func takesAlways() {
    #expect(layers(facts { $0.commits = [1] }, .asItIs, Settings()) == [
      "set aside STORE/upper (STORE/previous)", "set aside STORE/commit.1 (STORE/upper)", "write STORE/attempts",
    ])
  }

  @Test("Of several commits the last one counts, and it holds the others' changes")
  func takesLast() {
    #expect(layers(facts { $0.commits = [1, 2, 10]; $0.trash = ["trash"] }, isCounted: false) == [
      "allow writing to STORE", "set aside STORE/commit.1 (STORE/trash.1)", "set aside STORE/commit.2 (STORE/trash.2)",
      "set aside STORE/upper (STORE/previous)", "set aside STORE/commit.10 (STORE/upper)",
      "delete STORE/trash", "delete STORE/trash.1", "delete STORE/trash.2", "forbid writing to STORE",
    ])
  }

  @Test("An upper that no boot has tried is not one to go back to")
  func keepsGood() {
    #expect(layers(facts { $0.commits = [1]; $0.hasPrevious = true }, isCounted: false) == [
      "allow writing to STORE", "set aside STORE/upper (STORE/trash)", "set aside STORE/commit.1 (STORE/upper)", "delete STORE/trash", "forbid writing to STORE",
    ])
    #expect(layers(facts { $0.commits = [1] }, .asItIs, .onDemand(attempts: 0), isCounted: false) == [
      "allow writing to STORE", "set aside STORE/upper (STORE/trash)", "set aside STORE/commit.1 (STORE/upper)", "delete STORE/trash", "forbid writing to STORE",
    ])
  }

  @Test("A commit with which boots fail is set aside, and the upper before it comes back")
  func goesBack() {
    let facts = facts { $0.hasPrevious = true; $0.hasRejected = true; $0.attempts = 3 }
    let use = UpperUse(facts, .onDemand(), isReset: false, isCounted: true)
    #expect(use == .previous("3 boots in a row did not reach their target with it"))
    #expect(layers(facts, use) == [
      "allow writing to STORE", "set aside STORE/rejected (STORE/trash)", "set aside STORE/upper (STORE/rejected)", "remove STORE/attempts",
      "set aside STORE/previous (STORE/upper)", "delete STORE/trash", "write STORE/attempts", "forbid writing to STORE",
    ])
  }

  @Test("A commit is tried before it is left out", arguments: [
    (2, true, [], true, UpperUse.asItIs), (3, true, [1], true, .asItIs), (3, true, [], false, .asItIs),
    (3, false, [], true, .leftOut("3 boots in a row did not reach their target with it; the next boot tries it again")),
  ] as [(Int, Bool, [Int], Bool, UpperUse)])
  func isTried(attempts: Int, hasPrevious: Bool, commits: [Int], isCounted: Bool, expected: UpperUse) {
    let facts = facts { $0.attempts = attempts; $0.hasPrevious = hasPrevious; $0.commits = commits }
    #expect(UpperUse(facts, .onDemand(), isReset: false, isCounted: isCounted) == expected)
  }

  @Test("A reset leaves neither a commit nor an upper to go back to")
  func resets() {
    let facts = facts { $0.commits = [1]; $0.hasPrevious = true; $0.hasRejected = true; $0.mark = "/etc/ssh\n" }
    #expect(layers(facts, UpperUse(facts, .onDemand(), isReset: false, isCounted: true), isCounted: false) == [
      "allow writing to STORE", "set aside STORE/previous (STORE/trash)", "set aside STORE/rejected (STORE/trash.1)",
      "set aside STORE/upper (STORE/trash.2)", "set aside STORE/commit.1 (STORE/upper)",
      "delete STORE/trash", "delete STORE/trash.1", "delete STORE/trash.2",
      "set aside STORE/upper (STORE/resetting)", "take back STORE/upper/etc/ssh (STORE/resetting/etc/ssh)", "delete STORE/resetting",
      "remove STORE/reset", "set aside STORE/resetting (STORE/trash.3)", "forbid writing to STORE",
    ])
  }

  @Test("A boot that has reached its target removes the count, then the upper before the commit", arguments: [false, true])
  func reaches(isReadOnly: Bool) {
    let steps = LayerPlan(reached: facts { $0.hasPrevious = true; $0.trash = ["trash"] }, isReadOnly: isReadOnly).steps
    let expected = [
      "remove STORE/attempts", "set aside STORE/previous (STORE/trash.1)", "delete STORE/trash", "delete STORE/trash.1",
    ]
    #expect(steps.map { $0.text.string.replacing(store.string, with: "STORE") }
      == (isReadOnly ? ["allow writing to STORE"] + expected + ["forbid writing to STORE"] : expected))
  }
}

@Suite("Power cuts between a commit and its first good boot")
struct CommitCutTests {
  /// An upper that says 1, and a newer layer that says 2.
  private static func committed(_ commits: [Int], previous: Bool = false) -> Store {
    var files = ["upper/etc/value": "1", "lower.id": Store.oldImage.text.string + "\n"]
    for number in commits { files["commit.\(number)/etc/value"] = number == commits.last ? "2" : "an older commit" }
    if previous { files["previous/etc/value"] = "0" }
    return Store(Dictionary(uniqueKeysWithValues: files.map { ("\(Store.root)/\($0.key)", $0.value) }))
  }

  private func value(_ store: Store) -> String? { store["\(Store.root)/upper/etc/value"] }

  /// Does what the helper does in a boot with the device; it has its own count of what has to be counted.
  private func boot(_ store: inout Store, _ settings: Settings = .onDemand(attempts: 100), cutAfter count: Int? = nil) throws -> Bool {
    store.isReadOnly = true
    store.changesLeft = count
    let facts = store.facts(in: Store.root, lower: Store.oldImage)
    let isCounted = facts.isUntried
    let use = UpperUse(facts, settings, isReset: false, isCounted: isCounted)
    do {
      for step in LayerPlan(facts, use, settings, isCounted: isCounted).steps { try store.perform(step) }
      return false
    } catch is Store.PowerCut { return true }
  }

  private func reach(_ store: inout Store, cutAfter count: Int? = nil) throws -> Bool {
    store.isReadOnly = true
    store.changesLeft = count
    do {
      for step in LayerPlan(reached: store.facts(in: Store.root, lower: nil), isReadOnly: true).steps { try store.perform(step) }
      return false
    } catch is Store.PowerCut { return true }
  }

  @Test("Two power cuts at any points lose neither the commit nor the upper before it", arguments: [[1], [1, 2], [1, 2, 3]])
  func losesNothing(commits: [Int]) throws {
    var first = 0, isCut = true
    while isCut {
      var once = Self.committed(commits)
      isCut = try boot(&once, cutAfter: first)
      var second = 0, isCutAgain = true
      while isCutAgain {
        var store = once
        isCutAgain = try boot(&store, cutAfter: second)
        #expect(try !boot(&store))
        #expect(value(store) == "2", "after \(first) and \(second) changes")
        #expect(store["\(Store.root)/previous/etc/value"] == "1")
        #expect(!store.has("\(Store.root)/commit.\(commits.last!)"))
        second += 1
      }
      first += 1
    }
    #expect(first > 3)
  }

  @Test("A commit whose boots fail is left out, whatever power cuts there are", arguments: [1, 3])
  func goesBack(limit: Int) throws {
    let settings = Settings.onDemand(attempts: limit)
    var cut = 0, isCut = true
    while isCut {
      var store = Self.committed([1])
      for _ in 0..<limit {
        #expect(try !boot(&store, settings))
        #expect(value(store) == "2")
      }
      isCut = try boot(&store, settings, cutAfter: cut)
      if isCut { #expect(try !boot(&store, settings)) }
      #expect(value(store) == "1", "after \(cut) changes")
      #expect(store["\(Store.root)/rejected/etc/value"] == "2")
      #expect(!store.has("\(Store.root)/previous"))
      #expect(store["\(Store.root)/attempts"] == "1\n")
      cut += 1
    }
    #expect(cut > 3)
  }

  @Test("After a good boot there is nothing to go back to, and nothing to write, whatever power cuts there are")
  func settles() throws {
    var cut = 0, isCut = true
    while isCut {
      var store = Self.committed([1])
      #expect(try !boot(&store))
      isCut = try reach(&store, cutAfter: cut)
      for _ in 0..<2 {
        #expect(try !boot(&store))
        #expect(try !reach(&store))
      }
      #expect(value(store) == "2")
      #expect(store.below(Store.root).keys.sorted() == ["", "/lower.id", "/upper", "/upper/etc", "/upper/etc/value"].map { Store.root + $0 }, "after \(cut) changes")
      #expect(try !boot(&store, cutAfter: 0))
      cut += 1
    }
    #expect(cut > 3)
  }

  @Test("A commit on an untried commit leaves the last good upper to go back to")
  func keepsGood() throws {
    var cut = 0, isCut = true
    while isCut {
      var store = Self.committed([1], previous: true)
      isCut = try boot(&store, cutAfter: cut)
      #expect(try !boot(&store))
      #expect(value(store) == "2")
      #expect(store["\(Store.root)/previous/etc/value"] == "0", "after \(cut) changes")
      cut += 1
    }
    #expect(cut > 2)
  }

  @Test("An unfinished commit is deleted, and changes nothing")
  func isUnfinished() throws {
    var store = Self.committed([])
    try store.makeDirectory("\(Store.root)/committing")
    #expect(try !boot(&store))
    #expect(value(store) == "1")
    #expect(!store.has("\(Store.root)/committing"))
  }
}
