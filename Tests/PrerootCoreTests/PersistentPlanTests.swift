// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

@Suite("The store plan for a device")
struct DevicePlanTests {
  private func steps(_ use: DeviceUse, over table: MountInfo = Table.shared, _ change: (inout Settings) -> Void = { _ in }) -> [Step] {
    var settings = Settings()
    change(&settings)
    return StorePlan("/dev/vdb", use, settings, over: table).steps
  }
  private let mounting = Step(.mountDevice, Paths.store, "/dev/vdb", type: "ext4", options: MountOptions("nosuid,nodev"))
  private let fitness = Step(.requireFitness, Paths.store)

  @Test("The store plan for a device has the documented steps in order")
  func isThis() {
    #expect(steps(.mount(type: "ext4")) { $0.options = "noatime,data=journal" }.text.string == PrintedPlan.beginning + """
      check the file system on /dev/vdb (ext4)
      mount device at /run/initramfs/preroot/upper (ext4 /dev/vdb nosuid,nodev,noatime,data=journal)
      require fitness for an upper of /run/initramfs/preroot/upper

      """)
  }

  @Test("The store plan for a device begins with the lower, as for a tmpfs", arguments: Table.all)
  func beginsWithLower(table: MountInfo) {
    let memory = StorePlan(TmpfsOptions(), over: table).steps.dropLast(2)
    #expect(!memory.isEmpty)
    for use in [DeviceUse.mount(type: "btrfs"), .format(type: "ext4")] { #expect(steps(use, over: table).starts(with: memory)) }
  }

  @Test("The store plan checks ext2, ext3, ext4 and f2fs before mounting them", arguments: [
    ("ext2", true), ("ext3", true), ("ext4", true), ("f2fs", true), ("xfs", false), ("btrfs", false), ("jffs2", false), ("ubifs", false), ("ext", false),
  ])
  func isChecked(type: String, expected: Bool) {
    let type = Text(utf8: type), check = Step(.check, "/dev/vdb", type)
    let mounting = Step(.mountDevice, Paths.store, "/dev/vdb", type: type, options: MountOptions("nosuid,nodev"))
    #expect(steps(.mount(type: type)).suffix(expected ? 3 : 2) == (expected ? [check] : []) + [mounting, fitness])
    #expect(!steps(.mount(type: type)) { $0.checks = false }.contains { $0.verb == .check })
  }

  @Test("The store plan does not check a file system that it has just created", arguments: [false, true])
  func isFormatted(checks: Bool) {
    #expect(steps(.format(type: "ext4")) { $0.checks = checks }.suffix(3) == [Step(.format, "/dev/vdb", "ext4"), mounting, fitness])
  }

  @Test("The store plan passes Options= to the mount unchanged", arguments: ["", "noatime", "a=b c,d"])
  func hasOptions(options: String) {
    let steps = steps(.mount(type: "ext4")) { $0.options = Text(utf8: options) }
    #expect(steps.contains(Step(.mountDevice, Paths.store, "/dev/vdb", type: "ext4", options: MountOptions("nosuid,nodev," + Text(utf8: options)))))
  }

  @Test("The store plan is empty if the mount table has no root")
  func isNone() {
    for use in [DeviceUse.mount(type: "ext4"), .format(type: "ext4")] { #expect(steps(use, over: MountInfo()).isEmpty) }
  }

  @Test("The store plan names the expected device before it is found", arguments: [
    ("preroot=LABEL=data", "mount device at /run/initramfs/preroot/upper (TYPE LABEL=data nosuid,nodev)"),
    ("preroot=LABEL=data preroot.fstype=f2fs preroot.options=noatime", "mount device at /run/initramfs/preroot/upper (f2fs LABEL=data nosuid,nodev,noatime)"),
    ("preroot=ubi0:data preroot.fstype=ubifs", "mount device at /run/initramfs/preroot/upper (ubifs ubi0:data nosuid,nodev)"),
    ("preroot=UUID=1-2 preroot.crypt=auto", "open /dev/mapper/preroot (auto UUID=1-2)"),
    ("preroot=UUID=1-2 preroot.crypt=auto", "mount device at /run/initramfs/preroot/upper (TYPE /dev/mapper/preroot nosuid,nodev)"),
    ("preroot=PARTLABEL=x preroot.crypt=random preroot.fstype=f2fs", "make a file system on /dev/mapper/preroot (f2fs)"),
    ("preroot=tmpfs:size=1m", "mount tmpfs at /run/initramfs/preroot/upper (nosuid,nodev,mode=0755,size=1m,nr_inodes=1m)"),
  ])
  func isExpected(line: String, expected: String) {
    #expect(StorePlan(Settings(assignments(line)), over: Table.shared).steps.contains { $0.text.string == expected })
  }

  @Test("The store plan undoes its changes to the machine, and none to the device")
  func hasInverses() {
    for step in steps(.mount(type: "ext4")) + steps(.format(type: "ext4")) {
      switch step.verb {
      case .makeDirectory, .makeHiddenDirectory: #expect(step.inverse == Step(.removeDirectory, step.path))
      case .bind, .mountDevice: #expect(step.inverse == Step(.unmount, step.path))
      case .makePrivate: #expect(step.inverse == Step(.makeShared, step.path))
      case .format, .check, .requireFitness: #expect(step.inverse == nil)
      default: Issue.record("\(step) can be no step")
      }
    }
  }
}

@Suite("The overlay plan for a persistent upper")
struct PersistentPlanTests {
  private func plan(_ scope: Scope = .root, in layers: Text = Paths.store, binds: [Text] = [], over table: MountInfo = Table.shared) -> OverlayPlan {
    var settings = Settings()
    settings.upper = .device(DeviceName(.path, "/dev/vdb"))
    settings.scope = scope
    settings.binds = binds
    return OverlayPlan(settings, in: layers, over: table, machineID: RunningID("0123"))
  }
  private func options(_ plan: OverlayPlan) -> [String] { plan.steps.filter { $0.verb == .mountOverlay }.map(\.options.data.string) }

  @Test("A persistent upper turns off all overlay features that forbid a changed lower")
  func hasAllOff() {
    #expect(options(plan()) == ["""
      lowerdir=/run/initramfs/preroot/lower,upperdir=/run/initramfs/preroot/upper/upper,workdir=/run/initramfs/preroot/upper/work,\
      index=off,metacopy=off,redirect_dir=nofollow,xino=off
      """])
    for options in options(plan(.directories(["/etc", "/var"]))) { #expect(options.hasSuffix(",index=off,metacopy=off,redirect_dir=nofollow,xino=off")) }
  }

  @Test("Dir= moves the layers, even if its name needs escaping for overlayfs")
  func hasDirectory() {
    let plan = plan(.directories(["/etc"]), in: Paths.store + "/a:b,c/image-1")
    #expect(options(plan) == [#"""
      lowerdir=/run/initramfs/preroot/lower/etc,upperdir=/run/initramfs/preroot/upper/a\:b\,c/image-1/upper/etc,\#
      workdir=/run/initramfs/preroot/upper/a\:b\,c/image-1/work/etc,index=off,metacopy=off,redirect_dir=nofollow,xino=off
      """#])
    #expect(plan.steps.filter { $0.verb == .makeStoreDirectory }.map(\.text.string) == ["upper", "work", "upper/etc", "work/etc"].map { name in
      "make store directory /run/initramfs/preroot/upper/a:b,c/image-1/\(name) (/run/initramfs/preroot/lower\(name.hasSuffix("/etc") ? "/etc" : ""))"
    })
  }

  /// bind/ is outside of the layers' directory, which may belong to one image only.
  @Test("Bind= seeds its directories from the image and binds them before the pivot")
  func bindsBelowNewRoot() throws {
    let plan = plan(in: Paths.store + "/a", binds: ["/home", "/var/lib/docker-x"])
    let root = "/run/initramfs/preroot/root", own = "/run/initramfs/preroot/upper/bind", lower = "/run/initramfs/preroot/lower"
    let binds = [
      "make mount point \(root)/home", "make directory \(own)", "seed \(own)/home (\(lower)/home)", "bind at \(root)/home (\(own)/home)",
      "make mount point \(root)/var/lib/docker-x", "make directory \(own)", "seed \(own)/var-lib-docker\\x2dx (\(lower)/var/lib/docker-x)",
      "bind at \(root)/var/lib/docker-x (\(own)/var-lib-docker\\x2dx)",
    ]
    let texts = plan.steps.map(\.text.string)
    let start = try #require(texts.firstIndex(of: binds[0]))
    #expect(Array(texts[start...].prefix(binds.count)) == binds)
    let overlay = try #require(plan.steps.firstIndex { $0.verb == .mountOverlay })
    let pivot = try #require(plan.steps.firstIndex { $0.verb == .pivot })
    #expect(overlay < start && start + binds.count <= pivot)
  }

  @Test("Bind= binds on the root itself, after the overlays, if Scope= names directories")
  func bindsOnRoot() {
    let plan = plan(.directories(["/etc"]), binds: ["/home"])
    #expect(plan.steps.suffix(5).map(\.text.string) == [
      "provide the machine ID of /",
      "make mount point /home",
      "make directory /run/initramfs/preroot/upper/bind",
      "seed /run/initramfs/preroot/upper/bind/home (/run/initramfs/preroot/lower/home)",
      "bind at /home (/run/initramfs/preroot/upper/bind/home)",
    ])
  }

  @Test("The plan for a persistent upper differs from a tmpfs only in the overlay's options", arguments: Table.all)
  func isLikeThatOverMemory(table: MountInfo) {
    for scope in [Scope.root, .directories(["/etc", "/var/lib"])] {
      var settings = Settings()
      settings.scope = scope
      let memory = OverlayPlan(settings, over: table, machineID: RunningID("0123")).text.string
      #expect(memory.contains(",redirect_dir=on,metacopy=on)"))
      #expect(plan(scope, over: table).text.string
        == memory.replacing(",redirect_dir=on,metacopy=on)", with: ",index=off,metacopy=off,redirect_dir=nofollow,xino=off)"))
    }
  }
}

@Suite("Steps")
struct StepTests {
  private static let all: [(Step.Verb, Step.Verb?)] = [
    (.makeDirectory, .removeDirectory), (.makeHiddenDirectory, .removeDirectory), (.makeStoreDirectory, nil), (.removeDirectory, nil),
    (.requireDirectory, nil), (.requireSpace, nil), (.writeFile, nil), (.makeLink, .removeFile), (.removeFile, nil), (.makeDeviceLink, nil),
    (.provideMachineID, .unmountMachineID), (.unmountMachineID, nil), (.format, nil), (.check, nil), (.requireFitness, nil), (.writeDurably, nil),
    (.removeDurably, nil), (.setAside, nil), (.takeBack, nil), (.deleteTree, nil), (.seed, nil), (.makeMountPoint, nil), (.mountDevice, .unmount),
    (.mountTmpfs, .unmount), (.mountOverlay, .detach), (.bind, .unmount), (.bindRecursively, nil), (.unmount, nil), (.detach, nil),
    (.makeFileSystemReadOnly, nil), (.makePrivate, .makeShared), (.makeUnbindable, nil), (.makeShared, nil), (.makeSharedRecursively, nil),
    (.pivot, nil), (.leaveOldRoot, nil), (.encrypt, nil), (.claim, nil), (.open, .close), (.close, nil), (.allowWriting, nil), (.forbidWriting, nil),
  ]

  @Test("A step's inverse undoes it at the same place, and leaves the upper's files alone", arguments: all)
  func hasInverse(verb: Step.Verb, expected: Step.Verb?) {
    #expect(Step(verb, "/a").inverse == expected.map { Step($0, "/a") })
    if verb != .unmount { #expect(Step(verb, "/a", "/b").inverse == expected.map { Step($0, "/a") }) }
  }

  @Test("The inverse of unmounting a bind is the bind")
  func restoresBind() {
    #expect(Step(.unmount, "/a", "/b").inverse == Step(.bind, "/a", "/b", options: MountOptions(flags: MountOptions.readOnly)))
  }

  @Test("A step's text shows no file contents", arguments: [Step.Verb.writeFile, .writeDurably, .provideMachineID])
  func hidesContents(verb: Step.Verb) {
    #expect(Step(verb, "/a", "secret\n").text.string == verb.text.string + " /a")
  }

  @Test("A step's text shows the root as /", arguments: [Step.Verb.provideMachineID, .unmountMachineID])
  func namesRoot(verb: Step.Verb) {
    #expect(Step(verb, "").text.string == verb.text.string + " /")
  }

  @Test("A step's text is one line that begins with its verb", arguments: all.map(\.0))
  func isOneLine(verb: Step.Verb) {
    let verbText = verb.text.string
    #expect(!verbText.isEmpty)
    #expect(Step(verb, "/a").text.string == "\(verbText) /a")
    #expect(Step(verb, "/a", "/b").text.string.hasPrefix("\(verbText) /a"))
  }
}
