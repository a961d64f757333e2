// SPDX-License-Identifier: MIT
import Bed
import Foundation
import Support
import Testing

extension Machine {
  /// A machine that writes to this disk only on demand.
  fileprivate init(committingTo disk: Disk, _ tree: Tree, _ words: String...) {
    self.init(keepingOn: disk, tree, "preroot.commit=on-demand")
    if words.contains(where: { $0.hasPrefix("preroot=") }) { self.words.removeFirst() }
    self.words += words
  }

  /// The same machine whose script does this.
  fileprivate func doing(_ work: String) -> Machine { with("bed.do=\(work)") }
}

extension Tree {
  /// A tree whose script runs one of these works, which the machine's command line names, before it notes what the tool says.
  fileprivate func doing(_ works: [String: String]) -> Tree {
    noting("""
      exec 2>&1
      \(works.sorted { $0.key < $1.key }.map { "do_\($0.key)() { :\n\($0.value)\n}" }.joined(separator: "\n"))
      for word in $(< /proc/cmdline); do case $word in bed.do=*) do_${word#bed.do=} ;; esac; done
      echo "device=$(findmnt -no OPTIONS /run/initramfs/preroot/upper | cut -d , -f 1)"
      preroot status > /run/bed/report/status
      preroot status --json > /run/bed/report/status.json
      preroot check > /run/bed/report/check
      preroot plan > /run/bed/report/plan
      """)
  }
}

/// Expects a boot whose changes are in memory, and whose device is only read.
private func expectOnDemand(_ type: String = "ext4", in boot: Boot, at location: SourceLocation = #_sourceLocation) {
  expectUpper(type, in: boot, at: location)
  #expect(boot.mounts["/run/initramfs/preroot/memory"]?.fileSystem == "tmpfs", "\(boot)", sourceLocation: location)
  #expect(boot.told("device") == "ro", "\(boot.script?.output ?? "") \(boot)", sourceLocation: location)
}

extension Disk {
  /// Everything besides ext4's superblock: the kernel notes there how much was written to it, even if it is mounted read-only.
  fileprivate var contents: Data { get throws { try Data(contentsOf: URL(fileURLWithPath: path.string)).dropFirst(2048) } }
}

@Suite("preroot.commit=on-demand")
struct CommitTests {
  private static let image = Tree.lean.with("/srv/changed", "image\n").with("/srv/deleted", "image\n").with("/srv/replaced/old", "image\n")
    .with("/srv/renamed/file", "image\n").with("/srv/renamed/deep/file", "image\n").with("/srv/other", "image\n")

  private static let show = """
    cd /srv
    echo "srv=$(find . -type f | sort | while read -r f; do echo -n "$f:$(cat $f) "; done)"
    echo "links=$(stat -c %i hard/one 2> /dev/null | grep -cx "$(stat -c %i hard/two 2> /dev/null)")"
    echo "mode=$(stat -c '%a %u' other)"
    """

  private static let tree = image.doing([
    "show": show,
    "all": """
      echo changed > /srv/changed
      rm /srv/deleted
      rm -r /srv/replaced; mkdir /srv/replaced; echo new > /srv/replaced/new
      mv /srv/renamed /srv/moved
      mkdir /srv/hard; echo two > /srv/hard/one; ln /srv/hard/one /srv/hard/two
      chmod 600 /srv/other; chown 7 /srv/other
      preroot diff /srv > /run/bed/report/diff
      preroot commit --dry-run /srv > /run/bed/report/dry
      preroot commit
      echo "commit=$?"
      echo late > /srv/changed
      \(show)
      """,
    "more": """
      rm -r /srv/hard; rm /srv/moved/file; echo again > /srv/deleted; mv /srv/replaced/new /srv/replaced/newer
      preroot commit
      echo "commit=$?"
      """,
    "paths": """
      echo changed > /srv/changed; echo other > /srv/other; mkdir -p /srv/new; echo new > /srv/new/file; echo new > /srv/new/beside
      preroot commit /srv/changed
      preroot commit /srv/new/file
      echo "commit=$?"
      preroot commit /srv/absent; echo "absent=$?"
      echo later > /srv/changed
      preroot commit /srv/renamed; echo "unchanged=$?"
      """,
    "cancel": """
      echo changed > /srv/changed
      preroot commit && preroot commit --cancel
      echo "cancel=$?"
      preroot commit --cancel
      """,
    "reset": """
      echo more > /srv/other
      preroot commit && preroot reset --keep /srv/changed
      echo "reset=$?"
      preroot commit; echo "refused=$?"
      """,
    "steady": """
      echo steady > /srv/steady
      head -c 16M /dev/urandom > /var/log/growing
      while :; do echo more >> /var/log/growing; done &
      preroot commit
      echo "commit=$?"
      kill $!
      """,
    "full": """
      echo small > /srv/small
      dd if=/dev/urandom of=/srv/large bs=1M count=24 2> /dev/null
      preroot commit; echo "commit=$?"
      echo "left=$(ls /run/initramfs/preroot/upper | xargs)"
      preroot commit /srv/small; echo "small=$?"
      """,
    "kill": """
      for i in {1..2000}; do echo $i > /srv/file$i; done
      for i in 1 2 3 4 5; do preroot commit & sleep 0.0$i; kill -9 $!; wait $!; echo "killed=$?"; done
      preroot commit; echo "commit=$?"
      """,
  ])

  @Test("Without a commit each boot is the first, and the disk is not written to", arguments: Entrance.chosen)
  func keepsNothing(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(committingTo: disk, Self.tree).by(entrance)
    let contents = try disk.contents
    for boot in try await machine.boots(2) {
      expectOnDemand(in: boot)
      #expect(boot.bootsNoted == 1)
      #expect(boot.remarks == [], "\(boot)")
      #expect(boot.file("status")?.contains("/dev/ubdb, changes are lost at power-off unless 'preroot commit' keeps them\n") == true, "\(boot.file("status") ?? "")")
      #expect(boot.file("status.json")?.contains("\"persistent\": false") == true && boot.file("status.json")?.contains("\"committed\": false") == true, "\(boot.file("status.json") ?? "")")
      #expect(boot.journal.entries(by: "preroot").contains { $0.message == "/ is writable, upper: /dev/ubdb; changes stay in memory until 'preroot commit'" }, "\(boot)")
    }
    #expect(try disk.contents == contents)
  }

  @Test("The next boot has what was committed, and nothing that came later; the one after it writes nothing", arguments: Entrance.chosen)
  func keepsAll(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(committingTo: disk, Self.tree).by(entrance)
    let first = try await machine.doing("all").boot()
    expectOnDemand(in: first)
    #expect(first.told("commit") == "0", "\(first.script?.output ?? "")")
    #expect(first.script?.output.contains(/Committed [0-9]+ changes; the next boot has them/) == true, "\(first.script?.output ?? "")")
    let lines = ["M /srv/changed", "D /srv/deleted", "A /srv/hard", "A /srv/hard/one", "A /srv/hard/two", "A /srv/moved", "A /srv/moved/deep", "A /srv/moved/deep/file",
                 "A /srv/moved/file", "M /srv/other", "D /srv/renamed", "A /srv/replaced/new", "D /srv/replaced/old"]
    for list in ["diff", "dry"] { #expect(first.file(list)?.split(separator: "\n").map(String.init) == lines, "\(first.file(list) ?? "")") }
    #expect(first.file("status")?.contains("the next boot has the changes that were committed") == true, "\(first.file("status") ?? "")")
    #expect(first.file("plan")?.contains("set aside /run/initramfs/preroot/upper/commit.1 (/run/initramfs/preroot/upper/upper)") == true, "\(first.file("plan") ?? "")")
    #expect(try await disk.names(in: "/").filter { $0 != "lost+found" }.sorted() == ["commit.1", "lower.id"])

    func expectKept(in boot: Boot, at location: SourceLocation = #_sourceLocation) {
      expectOnDemand(in: boot, at: location)
      #expect(boot.told("srv") == "./changed:changed ./hard/one:two ./hard/two:two ./moved/deep/file:image ./moved/file:image ./other:image ./replaced/new:new ",
              "\(boot.script?.output ?? "")", sourceLocation: location)
      #expect([boot.told("links"), boot.told("mode")] == ["1", "600 7"], sourceLocation: location)
      #expect(boot.remarks == [], "\(boot)", sourceLocation: location)
      #expect(boot.bootsNoted == 2, sourceLocation: location)
    }
    expectKept(in: try await machine.doing("show").boot())
    #expect(try await disk.names(in: "/").filter { $0 != "lost+found" }.sorted() == ["lower.id", "upper"])
    let contents = try disk.contents
    let again = try await machine.doing("show").boot()
    expectKept(in: again)
    #expect(try disk.contents == contents, "\(again.journal.entries(of: "overlay-prep.service").map(\.message))")

    #expect(try await machine.doing("more").boot().told("commit") == "0")
    let last = try await machine.doing("show").boot()
    #expect(last.told("srv") == "./changed:changed ./deleted:again ./moved/deep/file:image ./other:image ./replaced/newer:new ", "\(last.script?.output ?? "")")
    // The committed layer is an upper like any other.
    var always = machine.doing("show")
    always.words.removeAll { $0 == "preroot.commit=on-demand" }
    let boots = try await always.boots(2)
    for boot in boots { expectUpper(in: boot) }
    #expect(boots.map(\.bootsNoted) == [3, 4])
    #expect(boots[1].told("srv") == last.told("srv"))
    #expect(boots[1].file("status")?.contains("/dev/ubdb, kept at power-off\n") == true)
    try await disk.check()
  }

  @Test("Only the paths that are named are committed")
  func keepsPaths() async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(committingTo: disk, Self.tree)
    let first = try await machine.doing("paths").boot()
    expectOnDemand(in: first)
    #expect([first.told("commit"), first.told("absent"), first.told("unchanged")] == ["0", "3", "0"], "\(first.script?.output ?? "")")
    #expect(first.script?.output.contains("Nothing to commit: nothing has changed there\n") == true, "\(first.script?.output ?? "")")
    let next = try await machine.doing("show").boot()
    #expect(next.bootsNoted == 1)
    #expect(next.told("srv") == "./changed:changed ./deleted:image ./new/file:new ./other:image ./renamed/deep/file:image ./renamed/file:image ./replaced/old:image ", "\(next.script?.output ?? "")")
    try await disk.check()
  }

  @Test("A commit can be cancelled, and a reset discards it, except for what it keeps")
  func isCancelled() async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(committingTo: disk, Self.tree)
    let first = try await machine.doing("cancel").boot()
    #expect(first.told("cancel") == "0", "\(first.script?.output ?? "")")
    #expect(first.script?.output.contains("Nothing to do: nothing was committed since this boot\n") == true, "\(first.script?.output ?? "")")
    #expect(try await machine.doing("all").boot().bootsNoted == 1)
    let second = try await machine.doing("reset").boot()
    #expect(second.bootsNoted == 2)
    #expect([second.told("reset"), second.told("refused")] == ["0", "3"], "\(second.script?.output ?? "")")
    let next = try await machine.doing("show").boot()
    expectOnDemand(in: next)
    #expect(next.bootsNoted == 1)
    #expect(next.told("srv") == "./changed:changed ./deleted:image ./other:image ./renamed/deep/file:image ./renamed/file:image ./replaced/old:image ", "\(next.script?.output ?? "")")
    #expect(try await disk.names(in: "/").filter { $0 != "lost+found" }.sorted() == ["lower.id", "upper"])
  }

  @Test("A commit is left out of one boot after preroot.attempts= failed boots, and then tried again", arguments: Entrance.chosen)
  func isLeftOut(entrance: Entrance) async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(committingTo: disk, Self.tree, "preroot.attempts=2").by(entrance)
    #expect(try await machine.doing("all").boot().told("commit") == "0")
    var interrupted = machine
    interrupted.powerCut = "Reached target basic.target"
    for attempt in 1...2 {
      _ = try await interrupted.bootUntilPowerCut()
      #expect(try await disk.text(of: "/attempts")?.trimmed == "\(attempt)")
    }
    let without = try await machine.doing("show").boot()
    expectFallback(in: without, saying: "2 boots in a row")
    #expect(without.told("srv")?.contains("./changed:image ") == true, "\(without.script?.output ?? "")")
    let again = try await machine.doing("show").boot()
    expectOnDemand(in: again)
    #expect(again.told("srv")?.contains("./changed:changed ") == true, "\(again.script?.output ?? "")")
    #expect(try await ["", "0"].contains(disk.text(of: "/attempts")?.trimmed ?? ""))
    try await disk.check()
  }

  @Test("A file that changes while it is copied is named, and the rest is committed")
  func namesUnsteady() async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(committingTo: disk, Self.tree)
    let boot = try await machine.doing("steady").boot()
    #expect(boot.told("commit") == "0")
    #expect(boot.script?.output.contains("preroot: /var/log/growing changed while it was copied; the copy may mix two states of it\n") == true, "\(boot.script?.output ?? "")")
    #expect(boot.script?.output.contains("/srv/steady changed") == false)
    #expect(try await machine.doing("show").boot().told("srv")?.contains("./steady:steady ") == true)
  }

  @Test("If the device is full, nothing is committed and the sentence says so")
  func isFull() async throws {
    let disk = try await Disk.ext4(megabytes: 16)
    let machine = Machine(committingTo: disk, Self.tree, "preroot.commit=on-demand:size=60%")
    let boot = try await machine.doing("full").boot()
    expectOnDemand(in: boot)
    #expect([boot.told("commit"), boot.told("small")] == ["3", "0"], "\(boot.script?.output ?? "")")
    #expect(boot.script?.output.contains("preroot: Nothing was committed: /srv/large: the device is full; commit less of it, by PATH\n") == true, "\(boot.script?.output ?? "")")
    #expect(boot.told("left") == "lost+found")
    let next = try await machine.doing("show").boot()
    expectOnDemand(in: next)
    #expect(next.told("srv")?.contains("./small:small ") == true && next.told("srv")?.contains("large") == false)
    try await disk.check()
  }

  @Test("A commit that is killed leaves nothing in the way of the next one")
  func isKilled() async throws {
    let disk = try await Disk.ext4()
    let machine = Machine(committingTo: disk, Self.tree)
    let boot = try await machine.doing("kill").boot()
    expectOnDemand(in: boot)
    #expect(boot.told("commit") == "0", "\(boot.script?.output ?? "")")
    #expect(boot.script?.output.contains("killed=137") == true, "\(boot.script?.output ?? "")")
    let next = try await machine.doing("show").boot()
    #expect(next.told("srv")?.contains("./file2000:2000 ") == true)
    try await disk.check()
  }

  @Test("What is committed is encrypted, or behind the image, if the upper is")
  func isOnOtherDevices() async throws {
    let encrypted = try Disk.blank(megabytes: 96)
    let withKey = try await CryptTests.withCryptsetup(Self.tree)
    let behind = try await Disk.image(.squashfs, of: Self.tree)
    for machine in [
      Machine(committingTo: encrypted, withKey, "preroot.format=blank", "preroot.crypt=/etc/preroot.key"),
      Machine(committingTo: behind, Self.tree, "preroot=tail", "root=/dev/ubdb", "preroot.format=blank"),
    ] {
      let first = try await machine.doing("all").boot()
      expectOnDemand(in: first)
      #expect(first.told("commit") == "0", "\(first.script?.output ?? "")")
      let next = try await machine.doing("show").by(.firstProcess).boot()
      expectOnDemand(in: next)
      #expect(next.told("srv")?.hasPrefix("./changed:changed ./hard/one:two ") == true, "\(next.script?.output ?? "")")
      #expect(next.remarks == [], "\(next)")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: encrypted.path.string), options: .mappedIfSafe).range(of: Data("changed".utf8)) == nil)
    try await behind.tail.check()
  }

  @Test("What is committed is on flash or on F2FS, if the upper is", arguments: [
    ("ubifs", "ubi0:rootfs_data"), ("jffs2", "mtd:flash"), ("f2fs", "/dev/ubdb"),
  ].filter { $0.0 == "ubifs" || Suite.areAll })
  func isOnFlash(type: String, name: String) async throws {
    let disk = type == "ubifs" ? try await Disk.ubi(volume: "rootfs_data") : type == "jffs2" ? try await .flash() : try await .f2fs()
    let machine = Machine(committingTo: disk, Self.tree, "preroot=\(name)")
    let first = try await machine.doing("all").boot()
    expectOnDemand(type, in: first)
    #expect(first.told("commit") == "0", "\(first.script?.output ?? "")")
    let next = try await machine.doing("show").boot()
    expectOnDemand(type, in: next)
    #expect(next.told("srv")?.hasPrefix("./changed:changed ./hard/one:two ./hard/two:two ./moved/deep/file:image ") == true, "\(next.script?.output ?? "")")
    #expect(next.remarks == [], "\(next)")
  }

  @Test("With Scope= and Bind=, the directories are committed and those past the overlay are written at once")
  func hasScope() async throws {
    let disk = try await Disk.ext4()
    let tree = Self.image.doing(["all": "echo changed > /srv/changed; echo bound > /var/own/file; preroot commit; echo \"commit=$?\"", "show": "echo \"value=$(cat /srv/changed /var/own/file | xargs)\""])
      .with("/var/own/file", "image\n")
    let machine = Machine(committingTo: disk, tree, "preroot.scope=/srv:/var:/etc", "preroot.bind=/var/own")
    let first = try await machine.doing("all").boot()
    #expect(first.told("commit") == "0", "\(first.script?.output ?? "") \(first)")
    #expect(first.told("device") == "rw")
    #expect(first.state == "running", "\(first)")
    let next = try await machine.doing("show").boot()
    #expect(next.told("value") == "changed bound", "\(next.script?.output ?? "") \(next)")
    #expect(next.bootsNoted == 2)
    try await disk.check()
  }

  @Test("Settings that cannot be together with it are named, and what counts is done")
  func isRefused() async throws {
    let tree = Self.image.doing(["all": "preroot commit; echo \"commit=$?\""])
    let onTmpfs = try await Machine(.kernel(.squashfs), tree, "preroot=tmpfs", "preroot.commit=on-demand", "bed.do=all").boot()
    #expect(onTmpfs.state == "running", "\(onTmpfs)")
    #expect(onTmpfs.remarks == ["Kernel command line: preroot.commit='on-demand' needs an upper on a device, ignoring; the upper is a tmpfs"], "\(onTmpfs)")
    #expect(onTmpfs.file("check")?.contains("problem: Kernel command line: preroot.commit='on-demand' needs an upper on a device") == true, "\(onTmpfs.file("check") ?? "")")
    #expect(onTmpfs.told("commit") == "3" && onTmpfs.script?.output.contains("there is no device to commit to") == true, "\(onTmpfs.script?.output ?? "")")
    let random = try await Machine(committingTo: Disk.blank(megabytes: 64), tree, "preroot.crypt=random", "preroot.format=blank", "bed.do=all").boot()
    expectUpper(in: random)
    #expect(random.remarks == ["Kernel command line: preroot.commit='on-demand' cannot be together with Crypt=random, which counts: each boot has a new upper"], "\(random)")
    #expect(random.told("commit") == "0" && random.script?.output.contains("Nothing to do: every change is on the device at once") == true, "\(random.script?.output ?? "")")
    let absent = try await Machine(committingTo: Disk.blank(megabytes: 64), tree, "bed.do=all").boot()
    expectFallback(in: absent, saying: "/dev/ubdb is blank")
    #expect(absent.told("commit") == "3" && absent.script?.output.contains("nothing can be committed; 'preroot status' says why") == true, "\(absent.script?.output ?? "")")
  }
}

/// The power fails during `preroot commit`, or in the boot after it. The commit is done or not done.
@Suite("Power cuts of a commit")
struct CommitPowerCutTests {
  /// Each file has the value of the commit that it belongs to. A third is deleted by the second commit.
  private static let tree = Tree.lean.running("""
    exec 2>&1
    cd /srv
    values=$(cat file* 2> /dev/null | sort | uniq -c | xargs)
    echo "values=$values"
    case " $(< /proc/cmdline) " in
      *" bed.commit=1 "*) for i in {1..600}; do echo old > file$i; done; preroot commit; echo "commit=$?" ;;
      *" bed.commit=2 "*)
        for i in {1..399}; do echo new > file$i; done; rm file4?? file5??
        echo "committing" > /dev/console
        preroot commit && echo "committed" > /dev/console ;;
    esac
    preroot status --json | grep -o '"status": "[^"]*"'
    """)

  /// A disk with a layer of old files, as the upper.
  private static let usedDisk = Task {
    let disk = try await Disk.ext4()
    let machine = Machine(committingTo: disk, tree)
    #expect(try await machine.with("bed.commit=1").boot().told("commit") == "0")
    #expect(try await machine.boot().told("values") == "600 old")
    return disk
  }

  /// The same disk with a commit for the next boot.
  private static let committedDisk = Task {
    let disk = try await usedDisk.value.copy()
    #expect(try await Machine(committingTo: disk, tree, "bed.commit=2").boot().console.lines.contains { $0.contains("committed") })
    return disk
  }

  private static let done = "399 new 1 old", before = "600 old"

  @Test("After a power cut during a commit, the next boot has all of it or nothing")
  func isCutWhileCommitting() async throws {
    let count = ProcessInfo.processInfo.environment["PREROOT_CUTS"].flatMap { Int($0) } ?? 4
    let results = try await withThrowingTaskGroup { group in
      for number in 0..<count {
        group.addTask {
          let disk = try await Self.usedDisk.value.copy()
          var machine = Machine(committingTo: disk, Self.tree, "bed.commit=2").by(number.isMultiple(of: 2) ? .stageOne : .firstProcess)
          machine.powerCut = "committing" + .milliseconds(1000 * (2 * number + 1) / (2 * count))
          let isDone = try await machine.bootUntilPowerCut().lines.contains { $0.contains("committed") }
          let next = try await Machine(committingTo: disk, Self.tree).by(number.isMultiple(of: 2) ? .firstProcess : .stageOne).boot()
          expectUpper(in: next)
          #expect(isDone ? next.told("values") == Self.done : [Self.before, Self.done].contains(next.told("values") ?? ""), "\(isDone): \(next.script?.output ?? "")")
          #expect(try await disk.names(in: "/").filter { $0 != "lost+found" }.sorted() == ["lower.id", "upper"])
          try await disk.check()
          try FileManager.default.removeItem(atPath: disk.path.string)
          return (isDone, next.told("values") == Self.done)
        }
      }
      return try await group.reduce(into: [(Bool, Bool)]()) { $0.append($1) }
    }
    print("power cuts of a commit: \(count), \(results.count { !$0.0 }) during it, \(results.count { $0.1 }) have it")
  }

  @Test("After a power cut in the boot after a commit, the next boot has the commit")
  func isCutInNextBoot() async throws {
    let count = ProcessInfo.processInfo.environment["PREROOT_CUTS"].flatMap { Int($0) } ?? 4
    let late = try await withThrowingTaskGroup { group in
      for number in 0..<count {
        group.addTask {
          let disk = try await Self.committedDisk.value.copy()
          var machine = Machine(committingTo: disk, Self.tree).by(number.isMultiple(of: 2) ? .stageOne : .firstProcess)
          machine.powerCut = .firstWrite + .seconds(2 * pow((Double(number) + 0.5) / Double(count), 2))
          let console = try await machine.bootUntilPowerCut()
          machine.powerCut = nil
          let next = try await machine.by(number.isMultiple(of: 2) ? .firstProcess : .stageOne).boot()
          expectUpper(in: next)
          #expect(next.told("values") == Self.done, "\(next.script?.output ?? "")")
          #expect(try await disk.names(in: "/").filter { $0 != "lost+found" }.sorted() == ["lower.id", "upper"])
          try await disk.check()
          try FileManager.default.removeItem(atPath: disk.path.string)
          return console.lines.contains { $0.contains("Continuing to default.target") }
        }
      }
      return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    print("power cuts in the boot after a commit: \(count), \(count - late) in stage 1")
  }

  @Test("On a disk that reorders writes, a commit is done or not done")
  func isReordered() async throws {
    let states = ProcessInfo.processInfo.environment["PREROOT_STATES"].flatMap { Int($0) } ?? 60
    let tree = try await Tree.lean.recordingWrites().running("""
      exec 2>&1
      mkdir -p /srv; cd /srv
      echo "values=$(cat file* 2> /dev/null | sort | uniq -c | xargs)"
      case " $(< /proc/cmdline) " in *" bed.commit "*) ;; *) exit ;; esac
      for round in old new; do
        for i in {1..40}; do echo $round > file$i; done
        /usr/lib/bed/note mark "begun-$round"
        preroot commit
        /usr/lib/bed/note mark "$round"
      done
      """)
    let disk = try await Disk.ext4(megabytes: 32), base = try await disk.copy()
    let (boot, recording) = try await Machine(committingTo: disk, tree, "preroot=/dev/dm-0", "bed.commit").bootRecording()
    #expect(boot.script?.status == 0, "\(boot.script?.output ?? "")")
    #expect(recording.notes() == ["begun-old", "old", "begun-new", "new"], "\(boot.script?.output ?? "")")
    let seed = UInt64.random(in: 0...UInt64(UInt32.max)), chosen = recording.states(count: states, seed: seed), distinct = Array(Set(chosen))
    let files = (1...40).map { "/srv/file\($0)" }
    var bad = 0
    try await recording.replay(distinct, over: base) { state, disk in
      let notes = recording.notes(before: state.cut)
      try await disk.recover()
      let names = try await disk.names(in: "/")
      let newest = names.filter { $0.hasPrefix("commit.") }.max()
      let (_, texts) = try await disk.look(into: [], at: newest.map { layer in files.map { "/\(layer)\($0)" } } ?? [])
      let values = Set(texts.values)
      let allowed: [Set<String>] = notes.contains("new") ? [["new\n"]] : notes.contains("begun-new") ? [["old\n"], ["new\n"]] : notes.contains("old") ? [["old\n"]] : [[], ["old\n"]]
      if !allowed.contains(values) || (newest != nil && texts.count != files.count) {
        bad += 1
        Issue.record("seed \(seed), \(state), after \(notes): \(newest ?? "no commit") of \(names) has \(texts.count) files, \(values)")
      }
    }
    try await recording.replay([chosen[chosen.count / 3], chosen[chosen.count * 5 / 6]], over: base) { state, disk in
      let next = try await Machine(committingTo: disk, tree).by(.firstProcess).boot()
      expectUpper(in: next)
      #expect(["", "40 old", "40 new"].contains(next.told("values") ?? "?"), "seed \(seed), \(state): \(next.script?.output ?? "")")
    }
    print("reordered writes, commit: \(recording.writeCount) writes, \(recording.flushCount) flushes, \(chosen.count) states, \(distinct.count) of them distinct, \(bad) with faults, 2 booted, seed \(seed)")
    for disk in [disk, base] { try FileManager.default.removeItem(atPath: disk.path.string) }
  }
}
