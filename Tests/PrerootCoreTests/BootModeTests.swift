// SPDX-License-Identifier: MIT
import CoreSupport
import Testing

@testable import PrerootCore

/// A machine with a read-only squashfs and a complete preroot.
private func machine(
  _ commandLine: String = "", root: String = "26 1 98:0 / / ro shared:1 - squashfs /dev/root ro", others: String = "",
  configuration: String = ""
) -> BootFacts {
  var facts = BootFacts()
  facts.commandLine = KernelCommandLine(parsing: Text(utf8: commandLine))
  facts.mountInfo = MountInfo(parsing: Text(utf8: "\(root)\n\(others)"))
  facts.assignments = assignments(commandLine, configuration: configuration)
  return facts
}

private let ext4 = "26 1 98:0 / / ro shared:1 - ext4 /dev/root ro"

extension BootFacts {
  fileprivate var mode: BootMode { BootMode(for: self) }
  fileprivate var remarks: [String] { mode.remarks(on: self).strings }
}

@Suite("Staged boots")
struct StagedBootTests {
  @Test("A boot is staged if the root's file system is always read-only", arguments: ["squashfs", "erofs", "cramfs", "romfs", "iso9660"])
  func overReadOnlyFileSystem(type: String) {
    let mode = machine(root: "26 1 98:0 / / ro - \(type) /dev/root ro").mode
    #expect(mode == .staged(target: "default.target", .fileSystem(Text(utf8: type))))
  }

  @Test("A boot is staged if the root's device is read-only")
  func overReadOnlyDevice() {
    var facts = machine(root: ext4)
    facts.isRootDeviceReadOnly = true
    #expect(facts.mode == .staged(target: "default.target", .device("/dev/root")))
    #expect(facts.remarks == ["info: The root's device /dev/root is read-only; overlay-prep.service makes it writable before default.target"])
  }

  @Test("A boot is staged if /etc/fstab mounts the root read-only")
  func overReadOnlyTable() {
    var facts = machine(root: ext4)
    facts.fileSystemTable = FileSystemTable(parsing: "/dev/root / ext4 ro\n")
    #expect(facts.mode == .staged(target: "default.target", .fileSystemTable))
    #expect(facts.remarks == ["info: The root is read-only in /etc/fstab; overlay-prep.service makes it writable before default.target"])
  }

  /// The line is about the file system below that overlay.
  @Test("A boot is left alone if the root is a foreign overlay, even if /etc/fstab says ro")
  func notOverForeignOverlay() {
    var facts = machine(root: "26 1 0:40 / / rw - overlay overlayroot rw")
    facts.fileSystemTable = FileSystemTable(parsing: "/dev/root / ext4 ro\n")
    #expect(facts.mode == .untouched(.rootWritable(type: "overlay", source: "overlayroot")))
  }

  @Test("A boot is staged if the command line requests it, even if the root is writable", arguments: ["preroot", "preroot=tmpfs", "preroot=yes", "overlayroot=tmpfs"])
  func overWritableRoot(line: String) {
    #expect(machine(line, root: ext4).mode == .staged(target: "default.target", .asked))
    #expect(machine(line).mode == .staged(target: "default.target", .asked))
  }

  @Test("A boot is staged if preroot.conf requests it, even if the root is writable")
  func whereImageAsks() {
    #expect(machine(root: ext4, configuration: "[Preroot]\nEnable=yes\n").mode == .staged(target: "default.target", .asked))
  }

  @Test("A staged boot continues to the target that the command line names", arguments: [
    ("3", "multi-user.target"), ("single", "rescue.target"), ("systemd.unit=my.target", "my.target"),
  ])
  func beforeTarget(line: String, target: String) {
    let facts = machine(line)
    #expect(facts.mode == .staged(target: Text(utf8: target), .fileSystem("squashfs")))
    #expect(facts.remarks == ["info: The root is squashfs, which is always read-only; overlay-prep.service makes it writable before \(target)"])
  }

  @Test("A container is staged if the command line of its PID 1 requests it", arguments: ["preroot", "preroot=tmpfs", "preroot=auto"])
  func inContainer(line: String) {
    var facts = machine(line)
    facts.container = "systemd-nspawn\n"
    #expect(facts.mode == .staged(target: "default.target", line == "preroot=auto" ? .fileSystem("squashfs") : .asked))
  }

  @Test("A typing error is logged first, and the boot is staged as if it were not there")
  func afterTypingError() {
    let facts = machine("preroot=of preroot.uper=tmpfs")
    #expect(facts.mode == .staged(target: "default.target", .fileSystem("squashfs")))
    #expect(facts.remarks == [
      "error: Kernel command line: preroot='of' is not understood (no, auto, yes, tmpfs, /dev/..., LABEL=...), ignoring",
      "warning: Kernel command line: preroot.uper= is not a setting of preroot, ignoring; see preroot.conf(5)",
      "info: The root is squashfs, which is always read-only; overlay-prep.service makes it writable before default.target",
    ])
  }

  @Test("A boot is staged again if /run/preroot/failed is about another root", arguments: ["0:99\n", "98:1\n", "98:00\n"])
  func whereFlagIsStale(failed: String) {
    var facts = machine()
    facts.failed = Text(utf8: failed)
    facts.ready = "98:0\n"
    #expect(facts.mode == .staged(target: "default.target", .fileSystem("squashfs")))
  }

  @Test("A boot is staged if systemd denies being in an initrd, even if /etc/initrd-release exists")
  func outsideInitrd() {
    var facts = machine()
    facts.environment.inInitrd = "0"
    facts.hasInitrdRelease = true
    facts.environment.scope = "system"
    facts.environment.virtualization = "vm:kvm"
    #expect(facts.mode == .staged(target: "default.target", .fileSystem("squashfs")))
  }

  @Test("A boot is staged even if systemd.mask= masks an unrelated unit")
  func whereOthersAreMasked() {
    #expect(machine("systemd.mask=ssh.service systemd.mask rd.systemd.mask=overlay-prep.service").mode
      == .staged(target: "default.target", .fileSystem("squashfs")))
  }
}

@Suite("Boots left alone")
struct UntouchedBootTests {
  @Test("A boot is left alone if the root is writable and nothing requests an overlay")
  func overWritableRoot() {
    let facts = machine("quiet", root: ext4)
    #expect(facts.mode == .untouched(.rootWritable(type: "ext4", source: "/dev/root")))
    #expect(facts.remarks == ["debug: The root (ext4 on /dev/root) is writable; preroot=tmpfs mounts an overlay over it anyway"])
  }

  @Test("A boot is left alone if the command line disables preroot", arguments: ["preroot=no", "preroot=tmpfs preroot=off", "preroot.enable=0", "overlayroot=disabled"])
  func whereSwitchedOff(line: String) {
    #expect(machine(line).mode == .untouched(.disabled))
  }

  @Test("A boot is left alone if preroot.conf disables preroot")
  func whereImageSwitchesOff() {
    #expect(machine(configuration: "[Preroot]\nEnable=no\n").mode == .untouched(.disabled))
  }

  @Test("A user's service manager is left alone")
  func byUserManager() {
    var facts = machine("preroot")
    facts.environment.scope = "user"
    #expect(facts.mode == .untouched(.userManager))
  }

  @Test("An initrd is left alone, whether systemd or /etc/initrd-release identifies it")
  func inInitrd() {
    var told = machine("preroot")
    told.environment.inInitrd = "1"
    #expect(told.mode == .untouched(.initrd))
    var found = machine("preroot")
    found.hasInitrdRelease = true
    #expect(found.mode == .untouched(.initrd))
  }

  @Test("A container is left alone if only its image requests an overlay", arguments: ["", "[Preroot]\nEnable=yes\n"])
  func inContainer(configuration: String) {
    var filed = machine(configuration: configuration)
    filed.container = "docker\n"
    #expect(filed.mode == .untouched(.container("docker")))
    var told = machine(configuration: configuration)
    told.environment.virtualization = "container:lxc"
    #expect(told.mode == .untouched(.container("lxc")))
  }

  @Test("A boot is left alone if the mount table has no root")
  func whereRootIsUnknown() {
    #expect(machine("preroot", root: "").mode == .untouched(.rootUnknown))
  }

  @Test("A boot is left alone if a file of preroot is missing, and an error names the file")
  func whereFileIsMissing() {
    var facts = machine("preroot")
    facts.missingFile = "/usr/lib/preroot/overlay-prep"
    #expect(facts.mode == .untouched(.missing("/usr/lib/preroot/overlay-prep")))
    #expect(facts.remarks == ["error: /usr/lib/preroot/overlay-prep is missing: install all of preroot, or remove its generator"])
  }

  /// The generator runs at every reload. Somebody may have installed preroot, or unmounted its overlay, since this machine booted.
  @Test("A running machine is not staged", arguments: ["", "preroot", "preroot=tmpfs"])
  func whereItIsOver(line: String) {
    var facts = machine(line)
    facts.manager.hasSocket = true
    #expect(facts.mode == .untouched(.running))
    #expect(facts.remarks == ["notice: PID 1 has started units before, as in a reload: only a boot is staged"])
  }

  @Test("A boot that an initrd with systemd began is staged, before PID 1 listens")
  func afterInitrd() {
    var facts = machine("preroot")
    facts.manager.hasSocket = true
    facts.manager.hasSwitchedRoot = true
    #expect(facts.mode == .staged(target: "default.target", .asked))
    facts.manager.isListening = true
    #expect(facts.mode == .untouched(.running))
    facts.manager.isListening = false
    facts.ready = "98:0\n"
    #expect(facts.mode == .untouched(.running))
  }

  @Test("Only a listening socket of that very path counts as PID 1's", arguments: [
    ("0: 00000002 00000000 00010000 0001 01 1 /run/systemd/private", true), ("0: 00000003 00000000 00000000 0001 03 1 /run/systemd/private", false),
    ("0: 00000002 00000000 00010000 0001 01 1 /x/run/systemd/private", false), ("0: 00000002 00000000 00010000 0001 01 1", false), ("", false),
  ])
  func isListening(line: String, expected: Bool) {
    #expect(ManagerSigns.isListening(in: Text(utf8: "Num RefCount Protocol Flags Type St Inode Path\n\(line)\n")) == expected)
  }

  @Test("A running machine gets the reason that applied at boot, if there was one", arguments: [
    ("preroot=no", Reason.disabled), ("quiet", .rootWritable(type: "ext4", source: "/dev/root")),
  ])
  func whereItIsOverAnyway(line: String, reason: Reason) {
    var facts = machine(line, root: ext4)
    facts.manager.hasSocket = true
    #expect(facts.mode == .untouched(reason))
  }

  @Test("A boot is left alone if systemd.mask= masks a unit of preroot", arguments: StageOne.units.strings)
  func whereMaskedOnCommandLine(unit: String) {
    #expect(machine("preroot systemd.mask=\(unit)").mode == .untouched(.masked(Text(utf8: unit))))
    #expect(machine("systemd.mask=ssh.service systemd.mask=\(unit) quiet").mode == .untouched(.masked(Text(utf8: unit))))
  }

  /// systemd-debug-generator completes the name: unit_name_mangle().
  @Test("systemd.mask= masks a service of preroot even without the suffix .service", arguments: ["overlay-prep", "preroot-fallback"])
  func whereMaskedWithoutSuffix(unit: String) {
    #expect(machine("systemd.mask=\(unit)").mode == .untouched(.masked(Text(utf8: unit + ".service"))))
  }

  @Test("A boot is staged if the masked unit only shares its name with one of preroot's", arguments: ["overlay-prep.socket", "preroot-fallback.timer", "overlay-prep@.service"])
  func notWhereNamesakeIsMasked(unit: String) {
    #expect(machine("systemd.mask=\(unit)").mode == .staged(target: "default.target", .fileSystem("squashfs")))
  }

  @Test("A boot is left alone if /etc masks a unit of preroot, and a warning names the unit")
  func whereMaskedInEtc() {
    var facts = machine("preroot")
    facts.unitMaskedInEtc = "overlay-prep.target"
    #expect(facts.mode == .untouched(.masked("overlay-prep.target")))
    #expect(facts.remarks == ["warning: overlay-prep.target is masked; unmask it to make the root writable"])
  }

  @Test("A boot to emergency.target is left alone", arguments: ["emergency", "-b", "systemd.unit=emergency.target", "3 emergency"])
  func onWayToEmergency(line: String) {
    #expect(machine("preroot \(line)").mode == .untouched(.emergency))
  }

  @Test("A boot to a unit that is not a target is left alone, and so is one to preroot's own", arguments: ["a.service", "getty@tty1.service", "-.mount", "overlay-prep.target"])
  func onWayToOtherUnit(unit: String) {
    #expect(machine("preroot systemd.unit=\(unit)").mode == .untouched(.unitIsNoTarget(Text(utf8: unit))))
  }

  /// Otherwise their names would become aliases of stage 1, and the machine could not shut down.
  @Test("A boot to a shutdown target is left alone", arguments: [
    "poweroff.target", "reboot.target", "halt.target", "kexec.target", "exit.target", "soft-reboot.target", "shutdown.target",
    "umount.target", "final.target",
  ])
  func onWayOut(unit: String) {
    let mode = machine("preroot systemd.unit=\(unit)").mode
    guard case .untouched = mode else {
      Issue.record("\(mode)")
      return
    }
  }

  @Test("The most important of several reasons to leave a boot alone is reported")
  func forWeightiestReason() {
    var facts = machine("preroot=no emergency systemd.mask=overlay-prep.service", root: "")
    facts.missingFile = "/x"
    facts.container = "docker"
    #expect(facts.mode == .untouched(.disabled))
    facts.environment.inInitrd = "1"
    #expect(facts.mode == .untouched(.initrd))
    facts.environment.scope = "user"
    #expect(facts.mode == .untouched(.userManager))
  }
}

@Suite("Settled boots")
struct SettledBootTests {
  @Test("A boot is settled if the root is preroot's overlay, even if files on it have changed", arguments: ["", "preroot=no", "emergency"])
  func byOverlay(line: String) {
    var facts = machine(line, root: "40 1 0:30 / / rw shared:1 - overlay preroot rw,lowerdir=/run/initramfs/preroot/lower")
    facts.missingFile = "/usr/lib/preroot/overlay-prep"
    #expect(facts.mode == .settled)
    #expect(facts.remarks.isEmpty)
  }

  @Test("A boot is settled if a directory has preroot's overlay")
  func byOverlayOfDirectory() {
    #expect(machine(others: "40 26 0:30 / /etc rw - overlay preroot rw\n").mode == .settled)
  }

  @Test("A foreign overlay, or a directory of an overlay as root, does not settle a boot")
  func notByForeignOverlay() {
    #expect(machine("preroot", root: "26 1 0:30 /srv/container / rw - overlay preroot rw").mode == .staged(target: "default.target", .asked))
    #expect(machine(others: "40 26 0:30 / /etc rw - overlay overlay rw\n").mode == .staged(target: "default.target", .fileSystem("squashfs")))
    #expect(machine(root: "40 1 0:30 / / rw - overlay overlayroot rw\n").mode
      == .untouched(.rootWritable(type: "overlay", source: "overlayroot")))
  }

  @Test("A boot is settled if /run/preroot/failed names the device of this root")
  func byFlagOfThisRoot() {
    var facts = machine()
    facts.failed = "98:0\n"
    #expect(facts.mode == .settled)
    #expect(facts.remarks.isEmpty)
  }

  @Test("A running machine on preroot's overlay is settled")
  func whereRunning() {
    var facts = machine(root: "40 1 0:30 / / rw shared:1 - overlay preroot rw")
    facts.manager.hasSocket = true
    #expect(facts.mode == .settled)
  }

  @Test("An empty /run/preroot/ready settles any boot", arguments: ["", "\n"])
  func byBrake(ready: String) {
    var facts = machine("preroot")
    facts.ready = Text(utf8: ready)
    #expect(facts.mode == .settled)
  }
}

@Suite("Invalid requests")
struct UnreadRequestTests {
  private func mode(_ line: String, _ type: String) -> BootMode {
    var facts = BootFacts()
    facts.mountInfo = MountInfo(parsing: Text(utf8: "26 1 98:0 / / ro shared:1 - \(type) /dev/root ro\n"))
    facts.assignments = assignments(line)
    return BootMode(for: facts)
  }

  @Test("An invalid preroot= on a machine with a writable root is reported loudly", arguments: ["preroot=LABEL=", "preroot=", "preroot=tmpsf", "overlayroot=tmpf", "preroot.enable=maybe"])
  func isLoud(line: String) throws {
    guard case .untouched(let reason) = mode(line, "ext4") else { throw Failure() }
    #expect(reason.isLoud)
    #expect(reason.text.string.hasPrefix("Kernel command line: "))
  }

  @Test("An invalid preroot= does not prevent the overlay over a read-only file system", arguments: ["preroot=LABEL=", "preroot=", "preroot=tmpsf"])
  func isStaged(line: String) {
    #expect(mode(line, "squashfs") == .staged(target: "default.target", .fileSystem("squashfs")))
  }

  private struct Failure: Error {}
}

@Suite("Reasons")
struct ReasonTests {
  static let all: [(Reason, Remark.Priority)] = [
    (.userManager, .debug), (.initrd, .debug), (.disabled, .debug), (.container("docker"), .debug), (.rootUnknown, .error),
    (.rootWritable(type: "ext4", source: "/dev/sda1"), .debug), (.missing("/usr/lib/preroot/overlay-prep"), .error),
    (.masked("overlay-prep.service"), .warning), (.emergency, .notice), (.unitIsNoTarget("a.service"), .warning), (.running, .notice), (.unread("Kernel command line: preroot='LABEL='"), .warning),
  ]

  @Test("The text of each reason is one sentence that names its subject", arguments: all)
  func isSentence(reason: Reason, priority: Remark.Priority) {
    let text = reason.text.string
    #expect(text.count >= 30)
    #expect(text.first?.isLowercase == false || text.hasPrefix("/etc/") || text.hasPrefix("overlay-prep") || text.hasPrefix("systemd."))
    #expect(!text.hasSuffix(".") && !text.contains("\n"))
    for name in reason.names { #expect(text.contains(name)) }
  }

  /// The hint is a word to use, a place to look at, or the name of who is responsible.
  @Test("The text of each reason tells the user what to do", arguments: [
    (Reason.disabled, "preroot=no"), (.container("docker"), "preroot="), (.rootWritable(type: "ext4", source: "/dev/sda1"), "preroot=tmpfs"),
    (.missing("/x"), "install"), (.masked("x"), "unmask"), (.emergency, "rescue.target"), (.unitIsNoTarget("x"), "boot to a target"),
    (.rootUnknown, "/proc/1/mountinfo"), (.initrd, "/etc/initrd-release"), (.userManager, "user's"), (.running, "only a boot"), (.unread("preroot=''"), "preroot="),
  ])
  func isToActOn(reason: Reason, hint: String) {
    #expect(reason.text.string.contains(hint))
  }

  @Test("A reason is a warning or an error only if somebody's request was not met", arguments: all)
  func hasPriority(reason: Reason, priority: Remark.Priority) {
    #expect(reason.priority == priority)
  }
}

extension Reason {
  fileprivate var names: [String] {
    switch self {
    case .container(let name), .missing(let name), .masked(let name), .unitIsNoTarget(let name), .unread(let name): [name.string]
    case .rootWritable(let type, let source): [type.string, source.string]
    case .userManager, .initrd, .disabled, .rootUnknown, .emergency, .running: []
    }
  }
}
