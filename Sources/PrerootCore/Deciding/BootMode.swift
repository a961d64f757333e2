// SPDX-License-Identifier: MIT
/// The decision about this boot, made once, from facts alone.
public enum BootMode: Equatable, Sendable {
  /// The image boots as it would without preroot.
  case untouched(Reason)
  /// Stage 1: only overlay-prep.service starts. It makes the root writable, then boots to `target`.
  case staged(target: Text, Cause)
  /// Stage 2: the helper has succeeded or failed, and the image's units start.
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

  /// Returns the log lines about the decision: first the user's mistakes, then the outcome. A settled boot logs nothing, because it runs
  /// the generators at every reload.
  ///
  /// - Parameter maker: the name of what makes the root writable.
  public func remarks(on facts: borrowing BootFacts, by maker: Text = "overlay-prep.service") -> [Remark] {
    var remarks: [Remark] = []
    switch self {
    case .settled: break
    case .untouched(let reason):
      remarks = facts.request.remarks
      remarks.add(reason.priority, reason.text)
    case .staged(let target, let cause):
      remarks = facts.request.remarks
      remarks.add(.info, cause.text + "; " + maker + " makes it writable before " + target)
    }
    return remarks
  }
}

/// Why to make the root writable.
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

  /// Whether there is nothing left to decide. An overlay of preroot settles the boot, whatever the files on it say by now. Without one,
  /// /run/preroot/failed records a failed attempt for this root; its existence is not enough, because /run survives a soft reboot and the
  /// root does not. An empty /run/preroot/ready is the emergency brake: the administrator or preroot-fallback.service made it.
  public var isSettled: Bool {
    for mount in mountInfo.entries where mount.isOverlayOfPreroot { return true }
    if let ready, ready.trimmed.isEmpty { return true }
    guard let failed, let root = mountInfo.root else { return false }
    return failed.trimmed == root.majorMinor
  }

  /// Returns why preroot leaves the boot alone; nil if it does not.
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

  /// Nil outside a container.
  public var containerName: Text? {
    container?.trimmed ?? environment.virtualization?.dropping(prefix: "container:")
  }

  /// File systems that the kernel cannot write.
  public static var readOnlyFileSystems: Text { "squashfs erofs cramfs romfs iso9660" }

  /// Why the root stays read-only for this whole boot; nil if it does not. A read-only mount is no reason: nearly every machine starts with
  /// one, and systemd-remount-fs.service makes it writable.
  var causeOfReadOnlyRoot: Cause? {
    guard let root = mountInfo.root else { return nil }
    if root.fileSystemType.isOne(of: Self.readOnlyFileSystems) { return .fileSystem(root.fileSystemType) }
    if isRootDeviceReadOnly { return .device(root.mountSource) }
    // A foreign overlay is not an image, whatever /etc/fstab says of the file system below it.
    if fileSystemTable.isRootReadOnly, root.fileSystemType != "overlay" { return .fileSystemTable }
    return nil
  }

  /// The first masked unit of stage 1, by systemd.mask= on the command line or in /etc.
  private var maskedUnit: Text? {
    for word in commandLine.words {
      guard word.isKey("systemd.mask"), let unit = word.value else { continue }
      // systemd completes a name without a suffix to a service's (unit_name_mangle()).
      let name = unit.contains(UInt8(ascii: ".")) ? unit : unit + ".service"
      for own in StageOne.units where own == name { return own }
    }
    return unitMaskedInEtc
  }
}

extension BootUnit {
  /// Returns why preroot leaves a boot to this unit alone; nil if it does not.
  var reasonAgainst: Reason? {
    if name == "default.target" { return nil }
    if name == "emergency.target" { return .emergency }
    // A unit that starts in stage 1 itself, preroot's or an exempt one, must not become an alias of stage 1.
    for unit in StageOne.exempt where unit == name { return .unitIsNoTarget(name) }
    return name.hasSuffix(".target") ? nil : .unitIsNoTarget(name)
  }
}
