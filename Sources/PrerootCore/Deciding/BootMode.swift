// SPDX-License-Identifier: MIT
/// What this boot is: the decision, made once, from facts alone.
public enum BootMode: Equatable, Sendable {
  /// The image's own boot, as if preroot were not there.
  case untouched(Reason)
  /// Stage 1: nothing starts but overlay-prep.service, which makes the root writable and then boots to `target`.
  case staged(target: Text, Cause)
  /// Stage 2: it has been done, or has been tried; the image's units start.
  case settled

  public init(for facts: borrowing BootFacts) {
    if facts.isSettled {
      self = .settled
      return
    }
    let request = facts.request
    let unit = BootUnit(on: facts.commandLine)
    if let reason = facts.reasonAgainst(request) ?? unit.reasonAgainst {
      self = .untouched(reason)
    } else {
      self = .staged(target: unit.name, (request.enable == .auto ? facts.causeOfReadOnlyRoot : nil) ?? .asked)
    }
  }

  /// What the log should say about the decision: what the user wrote wrong, then what follows. A settled boot is silent:
  /// it runs the generators at every reload.
  public func remarks(on facts: borrowing BootFacts) -> [Remark] {
    var remarks: [Remark] = []
    switch self {
    case .settled: break
    case .untouched(let reason):
      remarks = facts.request.remarks
      remarks.add(reason.priority, reason.text)
    case .staged(let target, let cause):
      remarks = facts.request.remarks
      remarks.add(.info, cause.text + "; overlay-prep.service makes it writable before " + target)
    }
    return remarks
  }
}

/// Why the root is made writable.
public enum Cause: Equatable, Sendable {
  case asked
  case fileSystem(Text)
  case device(Text)
  case fileSystemTable

  public var text: Text {
    switch self {
    case .asked: "A writable root was requested"
    case .fileSystem(let type): Text("The root is ") + type + ", which is always read-only"
    case .device(let source): Text("The root's device ") + source + " is read-only"
    case .fileSystemTable: "The root is read-only in /etc/fstab"
    }
  }
}

extension BootFacts {
  public var request: Request { Request(assignments) }

  /// Where an overlay of ours is mounted, there is nothing left to decide, whatever the files on it say by now.
  /// Without one, /run/preroot/failed tells that it was tried for this root; the flag alone is not enough, as /run outlives
  /// the root in a soft reboot. An empty /run/preroot/ready is the brake, pulled by hand or by preroot-fallback.service.
  public var isSettled: Bool {
    for mount in mountInfo.entries where mount.isOverlayOfPreroot { return true }
    if let ready, ready.trimmed.isEmpty { return true }
    guard let failed, let root = mountInfo.root else { return false }
    return failed.trimmed == root.majorMinor
  }

  /// Why the boot is left alone; nil where it is not.
  func reasonAgainst(_ request: Request) -> Reason? {
    if environment.scope == "user" { return .userManager }
    if isInitrd { return .initrd }
    if request.enable == .no { return .disabled }
    if let container = containerName, !request.isFromCommandLine { return .container(container) }

    guard let root = mountInfo.root else { return .rootUnknown }
    if request.enable == .auto, causeOfReadOnlyRoot == nil {
      return request.unread.map { .unread($0) } ?? .rootWritable(type: root.fileSystemType, source: root.mountSource)
    }
    if isRunning { return .running }
    if let file = missingFile { return .missing(file) }
    return maskedUnit.map { .masked($0) }
  }

  private var isInitrd: Bool {
    guard let told = environment.inInitrd else { return hasInitrdRelease }
    return told == "1"
  }

  /// Nil on a machine.
  public var containerName: Text? {
    container?.trimmed ?? environment.virtualization?.dropping(prefix: "container:")
  }

  /// Why the root cannot be written, now and later in this boot; nil where it can. That it is mounted read-only is no
  /// reason: nearly every machine starts so, and systemd-remount-fs.service makes it writable.
  var causeOfReadOnlyRoot: Cause? {
    guard let root = mountInfo.root else { return nil }
    if root.fileSystemType.isOne(of: "squashfs erofs cramfs romfs iso9660") { return .fileSystem(root.fileSystemType) }
    if isRootDeviceReadOnly { return .device(root.mountSource) }
    // An overlay of somebody else's is no image, whatever the line says of what is below it.
    if fileSystemTable.isRootReadOnly, root.fileSystemType != "overlay" { return .fileSystemTable }
    return nil
  }

  /// The first unit of stage 1 that somebody masked, on the command line (systemd.mask=) or in /etc.
  private var maskedUnit: Text? {
    for word in commandLine.words {
      guard word.isKey("systemd.mask"), let unit = word.value else { continue }
      // A name without a suffix is a service's (systemd: unit_name_mangle()).
      let name = unit.bytes.contains(UInt8(ascii: ".")) ? unit : unit + ".service"
      for own in StageOne.units where own == name { return own }
    }
    return unitMaskedInEtc
  }
}

extension BootUnit {
  /// Why a boot to this unit is left alone; nil where it is not.
  var reasonAgainst: Reason? {
    if name == "default.target" { return nil }
    if name == "emergency.target" { return .emergency }
    // What starts in stage 1 itself, our own units and the way out, must not become another name of it.
    for unit in StageOne.exempt where unit == name { return .unitIsNoTarget(name) }
    return name.hasSuffix(".target") ? nil : .unitIsNoTarget(name)
  }
}
