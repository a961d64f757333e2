// SPDX-License-Identifier: MIT
/// The files that the generator writes, in order: a boot is redirected by the last of them, so until all is in place
/// nothing has changed. See systemd.generator(7).
public struct UnitTree: Equatable, Sendable {
  /// The three directories that systemd gives a generator: below the administrator's /etc/systemd/system, above it, and below
  /// everything else.
  public enum Directory: Equatable, Sendable {
    case normal
    case early
    case late
  }
  public enum Content: Equatable, Sendable {
    case file(Text)
    /// It takes the place of whatever another generator put there: system-update-generator may write the same
    /// default.target, in either order.
    case link(to: Text)
  }
  public struct Node: Equatable, Sendable {
    public var directory: Directory
    /// Below the directory, at most one directory deep.
    public var path: Text
    public var content: Content
  }

  public var nodes: [Node] = []

  public init(for mode: BootMode, on facts: borrowing BootFacts) {
    switch mode {
    case .untouched: break
    case .staged(let target, _):
      if Hold(for: facts) == .ordering { order(facts, bootingTo: target) } else { mask(bootingTo: target) }
    case .settled: stageTwo(facts)
    }
  }

  // MARK: Stage 1

  /// Has the units wait for overlay-prep.service. PID 1 loads them only once, so all that they need in stage 2 is there at once.
  private mutating func order(_ facts: borrowing BootFacts, bootingTo target: Text) {
    wish("preroot-report.service")
    wish("preroot-settle.service")
    if !(target == "default.target") { add(.early, "preroot-settle.service.d/10-target.conf", .file(Self.header + "[Unit]\nAfter=" + target + "\n")) }
    keepRoot(facts)
    var others: [Text] = []
    for mount in facts.mountInfo.entries where !(mount.mountPoint == "/") { others.add(mount.mountPoint) }
    maskSwapFiles(facts, onOverlaysAt: ["/"], besides: others)
    holdBack("After=overlay-prep.service\n", targets: "Wants=preroot-prepared.target\n")
  }

  /// Has the units skipped, and sends the boot to stage 1.
  private mutating func mask(bootingTo target: Text) {
    // Every target wants stage 1, so that a boot to a target that PID 1 found elsewhere than on the command line, in the EFI variable
    // SystemdOptions of systemd <= 257, goes through it too instead of ending behind the masks.
    holdBack("ConditionPathExists=/run/preroot/ready\n", targets: "Wants=overlay-prep.target\n")
    // It has a Requisite=, which a condition does not meet: one line on the console of a boot to rescue.target, up to systemd 257.
    mask("systemd-update-utmp-runlevel.service")
    if !(target == "default.target") {
      add(.early, "preroot-fallback.service.d/10-target.conf",
          .file(Self.header + "[Service]\nEnvironment=\"PREROOT_TARGET=" + target.escapedForQuotes + "\"\n"))
      add(.early, target, .link(to: Self.overlayPrepTarget))
    }
    add(.early, "default.target", .link(to: Self.overlayPrepTarget))
  }

  private mutating func holdBack(_ line: Text, targets wish: Text) {
    // Not a link to /dev/null: udev updates the time of that, and PID 1 would take the units for changed.
    for unit in StageOne.exempt { add(.early, unit + Self.dropIn, .file(Self.header)) }
    let text = Self.header + "[Unit]\n" + line
    for type in StageOne.heldTypes {
      add(.early, type + Self.dropIn, .file(type == "target" ? text + wish : text))
    }
  }

  // MARK: Stage 2

  private mutating func wish(_ unit: Text) {
    add(.normal, Text("sysinit.target.wants/") + unit, .link(to: Text("/usr/lib/systemd/system/") + unit))
  }

  /// What the settled boot needs beside the image's own units.
  private mutating func stageTwo(_ facts: borrowing BootFacts) {
    wish("preroot-report.service")
    // It says by failing what has failed before it.
    if facts.hasFailedAsFirstProcess { wish("overlay-prep.service") }
    var overlays: [Text] = [], others: [Text] = []
    for mount in facts.mountInfo.entries {
      guard mount.isOverlayOfPreroot else {
        others.add(mount.mountPoint)
        continue
      }
      overlays.add(mount.mountPoint)
      if !(mount.mountPoint == "/") {
        // As systemd itself has it for /usr and /etc: not to be unmounted before the very end, as it is in use until then. A
        // whole unit, as a drop-in is not looked for where the unit was asked for before it was seen mounted.
        add(.late, mount.mountPoint.unitName + ".mount", .file(Self.header
          + "[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=preroot\nType=overlay\nWhere=" + mount.mountPoint.escapedForSpecifiers + "\n"))
      } else {
        keepRoot(facts)
      }
    }
    maskSwapFiles(facts, onOverlaysAt: overlays, besides: others)
  }

  private mutating func maskSwapFiles(_ facts: borrowing BootFacts, onOverlaysAt overlays: [Text], besides others: [Text]) {
    for file in facts.fileSystemTable.swapFiles(onOverlaysAt: overlays, besides: others) { mask(file.unitName + ".swap") }
  }

  /// Keeps from an overlay on / what is about the lower.
  private mutating func keepRoot(_ facts: borrowing BootFacts) {
    add(.normal, "systemd-remount-fs.service.d/zz-preroot.conf",
        .file(Self.header + Self.keepRoot + (facts.fileSystemTable.root != nil ? Self.remountAllButRoot : Text())))
    for unit in Self.ofLower.words { mask(unit) }
  }

  private mutating func mask(_ unit: Text) { add(.early, unit, .link(to: "/dev/null")) }

  /// What fstab-generator and gpt-auto-generator start for a root that grows or has quotas: an overlay can do neither. The names are those
  /// of systemd 248 and later, then of 247. See systemd: generator_hook_up_growfs(), generator_hook_up_quotacheck().
  private static var ofLower: Text {
    "systemd-growfs-root.service systemd-growfs@-.service systemd-quotacheck-root.service quotaon-root.service"
  }

  /// Without a line for `/` in fstab it is gpt-auto-generator that wants it remounted (50-remount-rw.conf).
  private static var keepRoot: Text { "[Service]\nEnvironment=SYSTEMD_REMOUNT_ROOT_RW=0\n" }

  /// The line for `/` is about the lower: with `ro` it would make the overlay read-only, and new mount(8) on a new kernel fails
  /// on an overlay whatever it says (https://github.com/systemd/systemd/issues/39558). The other lines stay as they are.
  private static var remountAllButRoot: Text {
    """
    Environment=SYSTEMD_FSTAB=/run/preroot/fstab LIBMOUNT_FSTAB=/run/preroot/fstab
    ExecStartPre=/usr/lib/preroot/overlay-prep --fstab

    """
  }

  @inline(never) private mutating func add(_ directory: Directory, _ path: Text, _ content: Content) {
    nodes.append(Node(directory: directory, path: path, content: content))
  }

  /// The name sorts last: any `ConditionXxx=` of a drop-in parsed later would clear ours. A condition, instead of a link to /dev/null,
  /// fails no transaction, holds for units of any name, and one touch of the file lifts it. An ordering cannot be cleared.
  private static var dropIn: Text { ".d/zzzz-preroot-stage1.conf" }
  private static var header: Text { "# Automatically generated by preroot-generator\n\n" }
  private static var overlayPrepTarget: Text { "/usr/lib/systemd/system/overlay-prep.target" }

  /// One line a node, for people and for tests.
  public var text: Text {
    var text = Text()
    for node in nodes {
      text.append(node.directory.text + "/" + node.path)
      switch node.content {
      case .file(let contents): for line in contents.lines { text.append(Text("\n    ") + line) }
      case .link(let target): text.append(Text(" -> ") + target)
      }
      text.append("\n")
    }
    return text
  }
}

extension UnitTree.Directory {
  public var text: Text {
    switch self {
    case .normal: "generator"
    case .early: "generator.early"
    case .late: "generator.late"
    }
  }
}
