import Testing

@testable import PrerootCore

/// Mount tables of machines that have one thing special each.
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

extension OverlayPlan {
  /// With the store's steps before its own.
  init(_ settings: Settings, over table: MountInfo, machineID: Text = "0123", isGiven: Bool = false) {
    self.init(settings, over: table, machineID: RunningID(machineID, isFromCommandLine: isGiven))
    steps = StorePlan(settings, over: table).steps + steps
  }
}

@Suite("The plan")
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

  @Test("for the whole root is this")
  func forRoot() {
    #expect(plan().text.string == """
      make private /run
      make directory /run/initramfs
      make directory /run/initramfs/preroot
      make directory /run/initramfs/preroot/lower
      bind read-only at /run/initramfs/preroot/lower (/)
      make private /run/initramfs/preroot/lower
      make directory /run/initramfs/preroot/upper
      mount tmpfs at /run/initramfs/preroot/upper (mode=0755,size=25%,nr_inodes=1m)
      require space on /run/initramfs/preroot/upper
      make directory /run/initramfs/preroot/root
      make store directory /run/initramfs/preroot/upper/upper (/run/initramfs/preroot/lower)
      make store directory /run/initramfs/preroot/upper/work (/run/initramfs/preroot/lower)
      mount overlay at /run/initramfs/preroot/root (lowerdir=/run/initramfs/preroot/lower,upperdir=/run/initramfs/preroot/upper/upper,\
      workdir=/run/initramfs/preroot/upper/work,redirect_dir=on,metacopy=on)
      settle the machine ID of /run/initramfs/preroot/root
      make link /run/systemd/volatile-root (/dev/block/98:0)
      require mount point /run/initramfs/preroot/root/proc
      require mount point /run/initramfs/preroot/root/sys
      require mount point /run/initramfs/preroot/root/dev
      require mount point /run/initramfs/preroot/root/run
      make private /
      pivot to /run/initramfs/preroot/root
      carry over /proc
      carry over /sys
      carry over /dev
      carry over /run
      leave the old root
      make shared with all below it /
      remove directory /run/initramfs/preroot/root

      """)
  }

  @Test("for some directories is this")
  func forDirectories() {
    #expect(plan(.directories(["/etc", "/var/lib"])).text.string == """
      make private /run
      make directory /run/initramfs
      make directory /run/initramfs/preroot
      make directory /run/initramfs/preroot/lower
      bind read-only at /run/initramfs/preroot/lower (/)
      make private /run/initramfs/preroot/lower
      make directory /run/initramfs/preroot/upper
      mount tmpfs at /run/initramfs/preroot/upper (mode=0755,size=25%,nr_inodes=1m)
      require space on /run/initramfs/preroot/upper
      require directory /run/initramfs/preroot/lower/etc
      require directory /run/initramfs/preroot/lower/var/lib
      make store directory /run/initramfs/preroot/upper/upper (/run/initramfs/preroot/lower)
      make store directory /run/initramfs/preroot/upper/work (/run/initramfs/preroot/lower)
      make store directory /run/initramfs/preroot/upper/upper/etc (/run/initramfs/preroot/lower/etc)
      make store directory /run/initramfs/preroot/upper/work/etc (/run/initramfs/preroot/lower/etc)
      mount overlay at /etc (lowerdir=/run/initramfs/preroot/lower/etc,upperdir=/run/initramfs/preroot/upper/upper/etc,\
      workdir=/run/initramfs/preroot/upper/work/etc,redirect_dir=on,metacopy=on)
      settle the machine ID of /
      make store directory /run/initramfs/preroot/upper/upper/var (/run/initramfs/preroot/lower/var)
      make store directory /run/initramfs/preroot/upper/work/var (/run/initramfs/preroot/lower/var)
      make store directory /run/initramfs/preroot/upper/upper/var/lib (/run/initramfs/preroot/lower/var/lib)
      make store directory /run/initramfs/preroot/upper/work/var/lib (/run/initramfs/preroot/lower/var/lib)
      mount overlay at /var/lib (lowerdir=/run/initramfs/preroot/lower/var/lib,upperdir=/run/initramfs/preroot/upper/upper/var/lib,\
      workdir=/run/initramfs/preroot/upper/work/var/lib,redirect_dir=on,metacopy=on)
      make shared with all below it /run

      """)
  }

  @Test("makes every directory after the one that it is in", arguments: plans)
  func makesParentsFirst(plan: OverlayPlan) {
    var made: Set<String> = ["/run", "/run/systemd"]
    for step in plan.steps {
      let path = step.path.string
      switch step.verb {
      case .makeDirectory, .makeStoreDirectory:
        #expect(made.contains(String(path.prefix(upTo: path.lastIndex(of: "/")!))), "\(step)")
        made.insert(path)
      case .mountTmpfs, .mountOverlay, .bindReadOnly:
        #expect(made.contains(path) || !path.hasPrefix("/run"), "\(step)")
      default: break
      }
    }
  }

  @Test("for the whole root ends with the pivot: nothing that can fail comes after it", arguments: Table.all)
  func endsWithPivot(table: MountInfo) throws {
    let plan = plan(over: table)
    #expect(plan.steps.last == Step(.pivot, "/run/initramfs/preroot/root"))
    #expect(plan.steps.filter { $0.verb == .pivot }.count == 1)
  }

  @Test("carries only after the pivot, leaves the old root when all is carried, and shares last", arguments: Table.all)
  func carriesAfterPivot(table: MountInfo) throws {
    let plan = plan(over: table)
    let root = try #require(table.root)
    let carried = table.children(of: root).map(\.mountPoint).filter { $0 != "/etc/machine-id" }
    #expect(Array(plan.afterwards.prefix(carried.count)) == carried.map { Step(.carry, $0) })
    #expect(plan.afterwards[carried.count] == Step(.leaveOldRoot, ""))
    #expect(plan.afterwards[carried.count + 1] == Step(.makeSharedRecursively, root.isShared ? "/" : "/run"))
  }

  @Test("requires each directory that something has to be carried to before the pivot", arguments: Table.all)
  func requiresMountPoints(table: MountInfo) throws {
    let plan = plan(over: table)
    for step in plan.afterwards where step.verb == .carry {
      #expect(plan.steps.contains(Step(.requireMountPoint, "/run/initramfs/preroot/root" + step.path)))
    }
  }

  @Test("touches no propagation where the root is not shared")
  func leavesPropagationAlone() {
    let text = plan(over: Table.withoutPeers).text.string
    #expect(!text.contains("private"))
    #expect(text.contains("make shared with all below it /run\n"))
  }

  @Test("links volatile-root only to a block device")
  func linksBlockDevice() {
    #expect(!plan(over: Table.withoutDevice).text.string.contains("volatile-root"))
    #expect(plan().steps.contains(Step(.makeLink, "/run/systemd/volatile-root", "/dev/block/98:0")))
  }

  @Test("settles the machine ID of an overlay that shows /etc, and carries no mount for it")
  func settlesMachineID() {
    let whole = plan(over: Table.withMachineID)
    #expect(whole.steps.contains(Step(.settleMachineID, "/run/initramfs/preroot/root", "0123")))
    #expect(!whole.text.string.contains("carry over /etc/machine-id"))
    #expect(!whole.text.string.contains("require mount point /run/initramfs/preroot/root/etc/machine-id"))

    let etc = plan(.directories(["/var", "/etc"]), over: Table.withMachineID)
    let mount = Step(.unmount, "/etc/machine-id", "/run/machine-id")
    #expect(etc.steps.contains(mount))
    #expect(mount.inverse == Step(.bindReadOnly, "/etc/machine-id", "/run/machine-id"))
    #expect(etc.steps.last == Step(.settleMachineID, "", "0123"))
    #expect(!plan(.directories(["/etc"])).steps.contains(mount), "Nothing is mounted there")
    #expect(!plan(.directories(["/var"]), over: Table.withMachineID).text.string.contains("machine"))
  }

  @Test("writes the machine ID that the kernel command line gives")
  func writesGivenMachineID() {
    let path: Text = "/run/initramfs/preroot/root/etc/machine-id"
    #expect(plan(isGiven: true).steps.contains(Step(.writeFile, path, "0123\n")))
    #expect(!plan(isGiven: true).steps.contains { $0.verb == .settleMachineID })
  }

  @Test("gives the tmpfs what the settings say")
  func followsSettings() {
    let settings = Settings(assignments("preroot=tmpfs:size=64m,nr_inodes=9k"))
    let plan = OverlayPlan(settings, over: Table.shared)
    #expect(plan.steps.contains(Step(.mountTmpfs, "/run/initramfs/preroot/upper", "mode=0755,size=64m,nr_inodes=9k")))
  }

  @Test("checks the room on the upper before anything stands on it", arguments: plans)
  func checksSpaceFirst(plan: OverlayPlan) throws {
    let space = try #require(plan.steps.firstIndex { $0.verb == .requireSpace })
    let overlay = try #require(plan.steps.firstIndex { $0.verb == .mountOverlay })
    #expect(space < overlay)
  }

  @Test("has an inverse for each step that leaves something behind", arguments: plans)
  func hasInverses(plan: OverlayPlan) {
    for step in plan.steps {
      switch step.verb {
      case .makeDirectory: #expect(step.inverse == Step(.removeDirectory, step.path))
      case .mountTmpfs, .mountOverlay, .bindReadOnly: #expect(step.inverse == Step(.unmount, step.path))
      case .makePrivate: #expect(step.inverse == Step(.makeShared, step.path))
      case .unmount: #expect(step.inverse == Step(.bindReadOnly, step.path, step.other))
      case .makeLink: #expect(step.inverse == Step(.removeFile, step.path))
      case .settleMachineID: #expect(step.inverse == Step(.unsettleMachineID, step.path))
      case .makeStoreDirectory, .requireDirectory, .requireMountPoint, .requireSpace, .writeFile, .pivot: #expect(step.inverse == nil)
      default: Issue.record("\(step) can be no step")
      }
    }
  }

  @Test("writes no file's contents to a log")
  func hidesContents() {
    for isGiven in [false, true] { #expect(!plan(over: Table.withMachineID, isGiven: isGiven).text.string.contains("0123")) }
  }

  @Test("of a machine without a root is none")
  func isNone() {
    #expect(OverlayPlan(Settings(), over: MountInfo()).text.isEmpty)
  }
}
