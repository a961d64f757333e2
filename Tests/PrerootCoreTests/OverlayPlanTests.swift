// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

/// Mount tables of machines, each of which differs from the usual in one respect.
enum Table {
  static let shared = MountInfo(parsing: """
    26 1 98:0 / / ro,relatime shared:1 - squashfs /dev/root ro
    21 26 0:20 / /proc rw shared:12 - proc proc rw
    22 26 0:21 / /sys rw shared:2 - sysfs sysfs rw
    23 22 0:6 / /sys/kernel/security rw shared:3 - securityfs securityfs rw
    24 26 0:5 / /dev rw shared:8 - devtmpfs devtmpfs rw
    25 26 0:22 / /run rw shared:9 - tmpfs tmpfs rw,mode=755
    27 25 0:30 / /run/lock rw shared:10 - tmpfs tmpfs rw
    """)
  static let withoutPeers = MountInfo(parsing: """
    26 1 98:0 / / ro,relatime - squashfs /dev/root ro
    25 26 0:22 / /run rw - tmpfs tmpfs rw,mode=755
    """)
  static let withoutDevice = MountInfo(parsing: """
    26 1 0:40 / / ro,relatime shared:1 - nfs server:/root ro
    25 26 0:22 / /run rw shared:9 - tmpfs tmpfs rw,mode=755
    """)
  static let withMachineID = MountInfo(parsing: """
    26 1 98:0 / / ro,relatime shared:1 - squashfs /dev/root ro
    25 26 0:22 / /run rw shared:9 - tmpfs tmpfs rw,mode=755
    28 26 0:22 /machine-id /etc/machine-id ro - tmpfs tmpfs rw,mode=755
    """)
  static let all = [shared, withoutPeers, withoutDevice, withMachineID]
}

extension OverlayPlan: CustomTestStringConvertible {
  public var testDescription: String { "\(steps.count) steps, \(afterwards.count) afterwards" }
}

extension OverlayPlan {
  /// The plan preceded by the steps of the store plan.
  init(_ settings: Settings, over table: MountInfo, machineID: Text = "0123", isGiven: Bool = false) {
    self.init(settings, over: table, machineID: RunningID(machineID, isFromCommandLine: isGiven))
    steps = StorePlan(settings, over: table).steps + steps
  }
}

@Suite("The overlay plan")
struct OverlayPlanTests {
  private func plan(_ scope: Scope = .root, over table: MountInfo = Table.shared, isGiven: Bool = false) -> OverlayPlan {
    var settings = Settings()
    settings.scope = scope
    return OverlayPlan(settings, over: table, isGiven: isGiven)
  }

  private static var plans: [OverlayPlan] {
    var plans: [OverlayPlan] = []
    for table in Table.all {
      for scope in [Scope.root, .directories(["/etc"]), .directories(["/etc", "/var/lib/x", "/srv"])] {
        for isGiven in [false, true] {
          var settings = Settings()
          settings.scope = scope
          plans.append(OverlayPlan(settings, over: table, isGiven: isGiven))
        }
      }
    }
    return plans
  }

  @Test("The plan for the whole root has the documented steps in order")
  func forRoot() {
    #expect(plan().text.string == PrintedPlan.beginning + """
      mount tmpfs at /run/initramfs/preroot/upper (nosuid,nodev,mode=0755,size=25%,nr_inodes=1m)
      require space on /run/initramfs/preroot/upper
      make directory /run/initramfs/preroot/root
      make store directory /run/initramfs/preroot/upper/upper (/run/initramfs/preroot/lower)
      make store directory /run/initramfs/preroot/upper/work (/run/initramfs/preroot/lower)
      mount overlay at /run/initramfs/preroot/root (lowerdir=/run/initramfs/preroot/lower,upperdir=/run/initramfs/preroot/upper/upper,\
      workdir=/run/initramfs/preroot/upper/work,redirect_dir=on,metacopy=on)
      make unbindable /run/initramfs/preroot/root
      provide the machine ID of /run/initramfs/preroot/root
      make link /run/systemd/volatile-root (/dev/block/98:0)
      bind with all below it at /run/initramfs/preroot/root/proc (/proc)
      bind with all below it at /run/initramfs/preroot/root/sys (/sys)
      bind with all below it at /run/initramfs/preroot/root/dev (/dev)
      bind with all below it at /run/initramfs/preroot/root/run (/run)
      make private /run/initramfs/preroot/root
      pivot to /run/initramfs/preroot/root
      leave the old root
      make shared with all below it /
      remove directory /run/initramfs/preroot/root
      make device link /dev/block/98:0

      """)
  }

  @Test("The plan for Scope=/etc:/var/lib has the documented steps in order")
  func forDirectories() {
    #expect(plan(.directories(["/etc", "/var/lib"])).text.string == PrintedPlan.beginning + """
      mount tmpfs at /run/initramfs/preroot/upper (nosuid,nodev,mode=0755,size=25%,nr_inodes=1m)
      require space on /run/initramfs/preroot/upper
      make store directory /run/initramfs/preroot/upper/upper (/run/initramfs/preroot/lower)
      make store directory /run/initramfs/preroot/upper/work (/run/initramfs/preroot/lower)
      require directory /run/initramfs/preroot/lower/etc
      make store directory /run/initramfs/preroot/upper/upper/etc (/run/initramfs/preroot/lower/etc)
      make store directory /run/initramfs/preroot/upper/work/etc (/run/initramfs/preroot/lower/etc)
      mount overlay at /etc (lowerdir=/run/initramfs/preroot/lower/etc,upperdir=/run/initramfs/preroot/upper/upper/etc,\
      workdir=/run/initramfs/preroot/upper/work/etc,redirect_dir=on,metacopy=on)
      require directory /run/initramfs/preroot/lower/var/lib
      make store directory /run/initramfs/preroot/upper/upper/var (/run/initramfs/preroot/lower/var)
      make store directory /run/initramfs/preroot/upper/work/var (/run/initramfs/preroot/lower/var)
      make store directory /run/initramfs/preroot/upper/upper/var/lib (/run/initramfs/preroot/lower/var/lib)
      make store directory /run/initramfs/preroot/upper/work/var/lib (/run/initramfs/preroot/lower/var/lib)
      mount overlay at /var/lib (lowerdir=/run/initramfs/preroot/lower/var/lib,upperdir=/run/initramfs/preroot/upper/upper/var/lib,\
      workdir=/run/initramfs/preroot/upper/work/var/lib,redirect_dir=on,metacopy=on)
      provide the machine ID of /
      make shared with all below it /run

      """)
  }

  @Test("The overlay plan creates each directory after its parent", arguments: plans)
  func makesParentsFirst(plan: OverlayPlan) {
    var made: Set<String> = ["/run", "/run/systemd"]
    for step in plan.steps {
      let path = step.path.string
      switch step.verb {
      case .makeDirectory, .makeHiddenDirectory, .makeStoreDirectory:
        #expect(made.contains(String(path.prefix(upTo: path.lastIndex(of: "/")!))), "\(step)")
        made.insert(path)
      case .mountTmpfs, .mountOverlay, .bind:
        #expect(made.contains(path) || !path.hasPrefix("/run"), "\(step)")
      default: break
      }
    }
  }

  @Test("The pivot is the last step of the overlay plan that can fail", arguments: Table.all)
  func endsWithPivot(table: MountInfo) throws {
    let plan = plan(over: table)
    #expect(plan.steps.last == Step(.pivot, "/run/initramfs/preroot/root"))
    #expect(plan.steps.filter { $0.verb == .pivot }.count == 1)
  }

  /// A helper that dies after the pivot then leaves a complete root.
  @Test("The overlay plan binds every mount on the root before the pivot", arguments: Table.all)
  func bindsBeforePivot(table: MountInfo) throws {
    let plan = plan(over: table)
    let root = try #require(table.root)
    let shown = table.children(of: root).map(\.mountPoint).filter { $0 != "/etc/machine-id" }
    #expect(!shown.isEmpty)
    #expect(Array(plan.steps.suffix(shown.count + 2)) == shown.map { Step(.bindRecursively, Paths.staging + $0, $0) }
      + [Step(.makePrivate, Paths.staging), Step(.pivot, Paths.staging)])
    #expect(Array(plan.afterwards.prefix(2)) == [Step(.leaveOldRoot, ""), Step(.makeSharedRecursively, root.isShared ? "/" : "/run")])
  }

  /// Otherwise the recursive bind of /run would mount the overlay on itself.
  @Test("The overlay plan makes the new root unbindable before it binds /run there", arguments: Table.all)
  func isUnbindable(table: MountInfo) throws {
    let steps = plan(over: table).steps
    let place = try #require(steps.firstIndex(of: Step(.makeUnbindable, Paths.staging)))
    #expect(try place < #require(steps.firstIndex { $0.verb == .bindRecursively }))
  }

  @Test("The overlay plan hides the layers and mounts them nosuid and nodev", arguments: plans)
  func hidesLayers(plan: OverlayPlan) throws {
    let flags = MountOptions.noSetUserID | MountOptions.noDevices
    #expect(plan.steps.contains(Step(.makeHiddenDirectory, Paths.base)))
    for step in plan.steps where [Paths.lower, Paths.store].contains(step.path) && [.bind, .mountTmpfs].contains(step.verb) {
      #expect(step.options.flags & flags == flags)
    }
  }

  @Test("The flags of Options= hold for each mount that shows the upper, except noexec on /", arguments: [
    ("nosuid,nodev,noexec", Scope.root, "nosuid,nodev"), ("nosuid,nodev,noexec", .directories(["/var"]), "nosuid,nodev,noexec"),
    ("noatime,data=journal", .root, ""), ("", .directories(["/etc"]), ""),
  ] as [(String, Scope, String)])
  func handsFlagsOn(options: String, scope: Scope, expected: String) {
    var settings = Settings()
    settings.upper = .device(DeviceName(.path, "/dev/vdb"))
    settings.options = Text(utf8: options)
    settings.scope = scope
    settings.binds = ["/srv"]
    let plan = OverlayPlan(settings, in: Paths.store, over: Table.shared, machineID: RunningID("0123"))
    let showing = plan.steps.filter { $0.verb == .mountOverlay || $0.verb == .bind }
    #expect(showing.count == 2)
    for step in showing { #expect(MountOptions(flags: step.options.flags).text.string == expected) }
  }

  @Test("The overlay plan remounts a writable image read-only after the pivot")
  func closesLower() {
    let writable = MountInfo(parsing: """
      26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
      25 26 0:22 / /run rw shared:9 - tmpfs tmpfs rw,mode=755
      """)
    #expect(plan(over: writable).afterwards.last == Step(.makeFileSystemReadOnly, Paths.lower))
    #expect(!plan(over: Table.shared).afterwards.contains { $0.verb == .makeFileSystemReadOnly })
    #expect(!plan(.directories(["/etc"]), over: writable).text.string.contains("read-only"))
    let ofHost = MountInfo(parsing: """
      26 1 8:1 /var/lib/machines/box / ro,relatime shared:1 - ext4 /dev/sda1 rw
      25 26 0:22 / /run rw shared:9 - tmpfs tmpfs rw,mode=755
      """)
    #expect(!plan(over: ofHost).afterwards.contains { $0.verb == .makeFileSystemReadOnly })
  }

  @Test("The overlay plan leaves propagation alone if the root is not shared")
  func leavesPropagationAlone() {
    let plan = plan(over: Table.withoutPeers)
    #expect(plan.steps.filter { $0.verb == .makePrivate } == [Step(.makePrivate, Paths.staging)])
    // The overlay is unbindable until here; the root was private before, and is so again.
    #expect(plan.afterwards.filter { $0.path == "/" } == [Step(.makePrivate, "/")])
    #expect(plan.text.string.contains("make shared with all below it /run\n"))
  }

  @Test("The overlay plan links volatile-root only to a block device")
  func linksBlockDevice() {
    #expect(!plan(over: Table.withoutDevice).text.string.contains("volatile-root"))
    #expect(plan().steps.contains(Step(.makeLink, "/run/systemd/volatile-root", "/dev/block/98:0")))
  }

  @Test("The overlay plan provides the machine ID if the overlay covers /etc")
  func providesMachineID() {
    let whole = plan(over: Table.withMachineID)
    #expect(whole.steps.contains(Step(.provideMachineID, Paths.staging, "0123")))
    #expect(!whole.text.string.contains("/etc/machine-id"))

    let etc = plan(.directories(["/var", "/etc"]), over: Table.withMachineID)
    let mount = Step(.unmount, "/etc/machine-id", "/run/machine-id", part: "Scope=/etc")
    #expect(etc.steps.contains(mount))
    #expect(mount.inverse == Step(.bind, "/etc/machine-id", "/run/machine-id", options: MountOptions(flags: MountOptions.readOnly)))
    #expect(etc.steps.last == Step(.provideMachineID, "", "0123"))
    #expect(!plan(.directories(["/etc"])).steps.contains(mount), "Nothing is mounted there")
    #expect(!plan(.directories(["/var"]), over: Table.withMachineID).text.string.contains("machine"))
  }

  /// If /etc/machine-id of the image is a link, PID 1 mounts its ID on the link's target.
  @Test("The overlay plan finds PID 1's machine ID mount wherever it is")
  func findsMachineID() {
    let table = MountInfo(parsing: """
      26 1 98:0 / / ro,relatime shared:1 - squashfs /dev/root ro
      25 26 0:22 / /run rw shared:9 - tmpfs tmpfs rw,mode=755
      28 26 0:22 /machine-id /var/lib/machine-id ro - tmpfs tmpfs rw,mode=755
      """)
    #expect(!plan(over: table).text.string.contains("/var/lib/machine-id"))
    let both = plan(.directories(["/etc", "/var"]), over: table)
    #expect(both.steps.contains(Step(.unmount, "/var/lib/machine-id", "/run/machine-id", part: "Scope=/var")))
    #expect(both.steps.last == Step(.provideMachineID, "", "0123"), "When both directories are overlaid")
    #expect(plan(.directories(["/var"]), over: table).steps.last == Step(.provideMachineID, "", "0123"))
    #expect(!plan(.directories(["/srv"]), over: table).text.string.contains("machine"))
  }

  @Test("The overlay plan writes the machine ID of the kernel command line")
  func writesGivenMachineID() {
    let path: Text = "/run/initramfs/preroot/root/etc/machine-id"
    #expect(plan(isGiven: true).steps.contains(Step(.writeFile, path, "0123\n")))
    #expect(!plan(isGiven: true).steps.contains { $0.verb == .provideMachineID })
  }

  @Test("The overlay plan mounts the tmpfs with the size and inodes of the settings")
  func followsSettings() {
    let settings = Settings(assignments("preroot=tmpfs:size=64m,nr_inodes=9k"))
    let plan = OverlayPlan(settings, over: Table.shared)
    #expect(plan.steps.first { $0.verb == .mountTmpfs }?.options.data == "mode=0755,size=64m,nr_inodes=9k")
  }

  @Test("The overlay plan checks the free space before it mounts the overlay", arguments: plans)
  func checksSpaceFirst(plan: OverlayPlan) throws {
    let space = try #require(plan.steps.firstIndex { $0.verb == .requireSpace })
    let overlay = try #require(plan.steps.firstIndex { $0.verb == .mountOverlay })
    #expect(space < overlay)
  }

  @Test("Each step of the overlay plan that leaves something behind has an inverse", arguments: plans)
  func hasInverses(plan: OverlayPlan) {
    for step in plan.steps {
      switch step.verb {
      case .makeDirectory, .makeHiddenDirectory: #expect(step.inverse == Step(.removeDirectory, step.path))
      case .mountTmpfs, .bind: #expect(step.inverse == Step(.unmount, step.path))
      case .mountOverlay: #expect(step.inverse == Step(.detach, step.path))
      case .makePrivate: #expect(step.inverse == Step(.makeShared, step.path))
      case .unmount: #expect(step.inverse == Step(.bind, step.path, step.other, options: MountOptions(flags: MountOptions.readOnly)))
      case .makeLink: #expect(step.inverse == Step(.removeFile, step.path))
      case .provideMachineID: #expect(step.inverse == Step(.unmountMachineID, step.path))
      // The inverse of mountOverlay detaches these along with the overlay.
      case .bindRecursively, .makeUnbindable: #expect(step.inverse == nil)
      case .makeStoreDirectory, .requireDirectory, .requireSpace, .writeFile, .pivot: #expect(step.inverse == nil)
      default: Issue.record("\(step) can be no step")
      }
    }
  }

  @Test("The text of an overlay plan shows no file contents")
  func hidesContents() {
    for isGiven in [false, true] { #expect(!plan(over: Table.withMachineID, isGiven: isGiven).text.string.contains("0123")) }
  }

  @Test("The overlay plan is empty if the mount table has no root")
  func isNone() {
    #expect(OverlayPlan(Settings(), over: MountInfo()).text.isEmpty)
  }
}
