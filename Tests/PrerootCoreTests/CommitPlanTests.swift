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

  @Test("The boot with a commit is counted before the commit takes the place of the upper")
  func takes() {
    let facts = facts { $0.commits = [2]; $0.attempts = 1 }
    #expect(facts.isUntried)
    #expect(layers(facts) == [
      "allow writing to STORE", "remove STORE/attempts", "write STORE/attempts", "set aside STORE/upper (STORE/trash)",
      "set aside STORE/commit.2 (STORE/upper)", "delete STORE/trash", "forbid writing to STORE",
    ])
  }

  @Test("A commit is used in the same way if every change goes to the device")
  func takesAlways() {
    #expect(layers(facts { $0.commits = [1] }, .asItIs, Settings()) == [
      "write STORE/attempts", "set aside STORE/upper (STORE/trash)", "set aside STORE/commit.1 (STORE/upper)", "delete STORE/trash",
    ])
  }

  @Test("Of several commits the last one counts, and it holds the others' changes")
  func takesLast() {
    #expect(layers(facts { $0.commits = [1, 2, 10]; $0.trash = ["trash"] }, isCounted: false) == [
      "allow writing to STORE", "delete STORE/trash", "set aside STORE/commit.1 (STORE/trash.1)", "set aside STORE/commit.2 (STORE/trash.2)",
      "set aside STORE/upper (STORE/trash.3)", "set aside STORE/commit.10 (STORE/upper)",
      "delete STORE/trash", "delete STORE/trash.1", "delete STORE/trash.2", "delete STORE/trash.3", "forbid writing to STORE",
    ])
  }

  @Test("The first commit has no upper to replace, and the directory of the layers is made only then")
  func isFirst() {
    var settings = Settings.onDemand()
    settings.directory = "/a"
    var facts = StoreFacts(in: store + "/a")
    #expect(layers(facts, .asItIs, settings, isCounted: false) == [])
    facts.commits = [1]
    #expect(layers(facts, .asItIs, settings, isCounted: false) == [
      "allow writing to STORE", "make directory STORE/a", "set aside STORE/a/commit.1 (STORE/a/upper)", "forbid writing to STORE",
    ])
  }

  @Test("A commit is tried before the upper is left out", arguments: [
    (2, [], true, UpperUse.asItIs), (3, [1], true, .asItIs), (3, [], false, .asItIs),
    (3, [], true, .leftOut("3 boots in a row did not reach their target with it; the next boot tries it again")),
  ] as [(Int, [Int], Bool, UpperUse)])
  func isTried(attempts: Int, commits: [Int], isCounted: Bool, expected: UpperUse) {
    let facts = facts { $0.attempts = attempts; $0.commits = commits }
    #expect(UpperUse(facts, .onDemand(), isReset: false, isCounted: isCounted) == expected)
  }

  @Test("A reset discards a commit, too, except for what is kept of it")
  func resets() {
    let facts = facts { $0.commits = [1]; $0.mark = "/etc/ssh\n" }
    #expect(layers(facts, UpperUse(facts, .onDemand(), isReset: false, isCounted: true), isCounted: false) == [
      "allow writing to STORE", "set aside STORE/upper (STORE/trash)", "set aside STORE/commit.1 (STORE/upper)", "delete STORE/trash",
      "set aside STORE/upper (STORE/resetting)", "take back STORE/upper/etc/ssh (STORE/resetting/etc/ssh)", "delete STORE/resetting",
      "remove STORE/reset", "set aside STORE/resetting (STORE/trash.1)", "forbid writing to STORE",
    ])
  }

  @Test("A UBIFS is mounted writable first, so that the kernel makes one on an empty volume")
  func mountsUbifs() {
    let text = StorePlan("ubi0:data", .mount(type: "ubifs"), .onDemand(), over: Table.shared).steps.text.string
    #expect(text.contains("mount device at /run/initramfs/preroot/upper (ubifs ubi0:data nosuid,nodev)\nforbid writing to /run/initramfs/preroot/upper\n"), "\(text)")
    let writable = StorePlan("ubi0:data", .mount(type: "ubifs"), .onDemand(binds: ["/srv"]), over: Table.shared).steps
    #expect(!writable.contains { $0.verb == .forbidWriting })
  }
}

@Suite("Power cuts between a commit and its first good boot")
struct CommitCutTests {
  /// An upper that says 1, and a newer layer that says 2.
  private static func committed(_ commits: [Int]) -> Store {
    var files = ["upper/etc/value": "1", "lower.id": Store.oldImage.text.string + "\n"]
    for number in commits { files["commit.\(number)/etc/value"] = number == commits.last ? "2" : "an older commit" }
    return Store(Dictionary(uniqueKeysWithValues: files.map { ("\(Store.root)/\($0.key)", $0.value) }))
  }

  private func value(_ store: Store) -> String? { store["\(Store.root)/upper/etc/value"] }

  /// Does what the helper does in a boot with the device.
  ///
  /// - Returns: whether the power failed.
  private func boot(_ store: inout Store, _ settings: Settings = .onDemand(attempts: 100), cutAfter count: Int? = nil) throws -> Bool {
    store.isReadOnly = true
    store.changesLeft = count
    let facts = store.facts(in: Store.root, lower: Store.oldImage)
    let isCounted = facts.isUntried
    let use = UpperUse(facts, settings, isReset: false, isCounted: isCounted)
    do {
      for step in LayerPlan(facts, use, settings, isCounted: isCounted).steps { try store.perform(step) }
      #expect(store.isReadOnly)
      return false
    } catch is Store.PowerCut { return true }
  }

  @Test("Two power cuts at any points do not lose the commit, and the boot with it stays counted", arguments: [[1], [1, 2], [1, 2, 3]])
  func losesNothing(commits: [Int]) throws {
    var first = 0, isCut = true
    while isCut {
      var once = Self.committed(commits)
      isCut = try boot(&once, cutAfter: first)
      var second = 0, isCutAgain = true
      while isCutAgain {
        var store = once
        isCutAgain = try boot(&store, cutAfter: second)
        #expect(value(store) != "2" || store["\(Store.root)/attempts"] != nil, "after \(first) and \(second) changes")
        #expect(try !boot(&store))
        #expect(value(store) == "2", "after \(first) and \(second) changes")
        #expect(store["\(Store.root)/attempts"] != nil)
        #expect(store.below(Store.root).keys.allSatisfy { !$0.contains("commit.") })
        second += 1
      }
      first += 1
    }
    #expect(first > 3)
  }

  @Test("An unfinished commit is deleted, and changes nothing")
  func isUnfinished() throws {
    var store = Self.committed([])
    try store.makeDirectory("\(Store.root)/committing")
    #expect(try !boot(&store))
    #expect(value(store) == "1")
    #expect(!store.has("\(Store.root)/committing"))
    #expect(try !boot(&store, cutAfter: 0))
  }
}
