// SPDX-License-Identifier: MIT
/// The files that the generator writes, in order. Only the last one redirects the boot, so nothing changes until all are in place. See
/// systemd.generator(7).
public struct UnitTree: Equatable, Sendable {
  /// The three directories that systemd passes to a generator. Their precedence is below /etc/systemd/system, above it, and below all
  /// other unit directories.
  public enum Directory: Equatable, Sendable {
    case normal
    case early
    case late
  }
  public enum Content: Equatable, Sendable {
    case file(Text)
    /// Replaces the file of another generator: system-update-generator may write the same default.target, before or after this one.
    case link(to: Text)
  }
  public struct Node: Equatable, Sendable {
    public var directory: Directory
    /// Relative to the directory, with at most one directory in it.
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

  /// Orders the units after overlay-prep.service. PID 1 loads them only once, so this also writes all files that they need in stage 2.
  private mutating func order(_ facts: borrowing BootFacts, bootingTo target: Text) {
    wish("preroot-settle.service")
    if !(target == "default.target") { add(.early, "preroot-settle.service.d/10-target.conf", .file(Self.header + "[Unit]\nAfter=" + target + "\n")) }
    keepRoot(facts)
    var others: [Text] = []
    for mount in facts.mountInfo.entries where !(mount.mountPoint == "/") { others.add(mount.mountPoint) }
    maskSwapFiles(facts, onOverlaysAt: ["/"], besides: others)
    holdBack("After=overlay-prep.service\n", targets: "Wants=preroot-prepared.target\n", isIsolated: false)
  }

  /// Makes PID 1 skip the units, and redirects the boot to stage 1.
  private mutating func mask(bootingTo target: Text) {
    // Every target wants stage 1. PID 1 may find its target in a place other than the command line, the EFI variable SystemdOptions of
    // systemd <= 257; such a boot, too, goes through stage 1 instead of ending behind the masks.
    holdBack("ConditionPathExists=/run/preroot/ready\n", targets: "Wants=overlay-prep.target\n", isIsolated: true)
    // This unit has a Requisite=, which a failed condition does not meet: up to systemd 257, a boot to rescue.target prints a line
    // about that on the console.
    mask("systemd-update-utmp-runlevel.service")
    if !(target == "default.target") {
      add(.early, "preroot-fallback.service.d/10-target.conf",
          .file(Self.header + "[Service]\nEnvironment=\"PREROOT_TARGET=" + target.escapedForQuotes + "\"\n"))
      add(.early, target, .link(to: Self.overlayPrepTarget))
    }
    add(.early, "default.target", .link(to: Self.overlayPrepTarget))
  }

  /// - Parameter isIsolated: whether the boot goes through the targets of stage 1. On a running machine, isolating one would stop its services.
  private mutating func holdBack(_ line: Text, targets wish: Text, isIsolated: Bool) {
    // Not a link to /dev/null: udev updates the time of that, and PID 1 would take the units for changed.
    for unit in StageOne.exempt {
      add(.early, unit + Self.dropIn, .file(isIsolated && unit.isOne(of: StageOne.isolated) ? Self.header + "[Unit]\nAllowIsolate=yes\n" : Self.header))
    }
    let text = Self.header + "[Unit]\n" + line
    for type in StageOne.heldTypes {
      add(.early, type + Self.dropIn, .file(type == "target" ? text + wish : text))
    }
  }

  // MARK: Stage 2

  private mutating func wish(_ unit: Text) {
    add(.normal, Text("sysinit.target.wants/") + unit, .link(to: Text("/usr/lib/systemd/system/") + unit))
  }

  /// Adds the files that a settled boot needs besides the image's own units.
  private mutating func stageTwo(_ facts: borrowing BootFacts) {
    wish("preroot-settle.service")
    // The unit fails, and so reports the failure that came before it.
    if facts.hasFailedAsFirstProcess { wish("overlay-prep.service") }
    var overlays: [Text] = [], others: [Text] = []
    for mount in facts.mountInfo.entries {
      guard mount.isOverlayOfPreroot else {
        others.add(mount.mountPoint)
        continue
      }
      overlays.add(mount.mountPoint)
      if !(mount.mountPoint == "/") {
        // systemd treats /usr and /etc the same way: they are in use, so it unmounts them only at the very end. This is a whole
        // unit, because systemd does not look for a drop-in if the unit was requested before its mount appeared.
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

  /// Keeps systemd from applying the lower's settings to an overlay on /.
  private mutating func keepRoot(_ facts: borrowing BootFacts) {
    add(.normal, "systemd-remount-fs.service.d/zz-preroot.conf",
        .file(Self.header + Self.keepRoot + (facts.fileSystemTable.root != nil ? Self.remountAllButRoot : Text())))
    for unit in Self.ofLower.words { mask(unit) }
  }

  private mutating func mask(_ unit: Text) { add(.early, unit, .link(to: "/dev/null")) }

  /// The units that fstab-generator and gpt-auto-generator start for a root that grows or has quotas; an overlay supports neither. The
  /// names are those of systemd 248 and later, then of 247. See systemd: generator_hook_up_growfs(), generator_hook_up_quotacheck().
  private static var ofLower: Text {
    "systemd-growfs-root.service systemd-growfs@-.service systemd-quotacheck-root.service quotaon-root.service"
  }

  /// Even without a line for `/` in fstab, gpt-auto-generator requests a remount (50-remount-rw.conf).
  private static var keepRoot: Text { "[Service]\nEnvironment=SYSTEMD_REMOUNT_ROOT_RW=0\n" }

  /// The line for `/` concerns the lower. With `ro` it would make the overlay read-only, and a new mount(8) on a new kernel fails on an
  /// overlay, whatever the line says (https://github.com/systemd/systemd/issues/39558). The other lines are unchanged.
  private static var remountAllButRoot: Text {
    """
    Environment=SYSTEMD_FSTAB=/run/preroot/fstab LIBMOUNT_FSTAB=/run/preroot/fstab
    ExecStartPre=/usr/lib/preroot/overlay-prep --fstab

    """
  }

  @inline(never) private mutating func add(_ directory: Directory, _ path: Text, _ content: Content) {
    nodes.append(Node(directory: directory, path: path, content: content))
  }

  /// The name sorts last, because a `ConditionXxx=` in a drop-in that is parsed later would clear this condition. A condition, not a link
  /// to /dev/null: it fails no transaction, applies to units of any name, and creating the file lifts it. An ordering cannot be cleared.
  private static var dropIn: Text { ".d/zzzz-preroot-stage1.conf" }
  /// Exists while units are held back, or were until the last reload. See systemd.generator(7).
  public static var sign: Text { Text("/run/systemd/generator.early/service") + dropIn }
  private static var header: Text { "# Automatically generated by preroot-generator\n\n" }
  private static var overlayPrepTarget: Text { "/usr/lib/systemd/system/overlay-prep.target" }

  /// One line per node, for people and tests.
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
