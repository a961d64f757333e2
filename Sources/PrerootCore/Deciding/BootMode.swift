/// What this boot is: the decision, made once, from facts alone.
public enum BootMode: Equatable, Sendable {
  /// The image's own boot, as if preroot were not there.
  case untouched(Reason)
  /// Stage 1: nothing starts but overlay-prep.service, which carries this out.
  case overlay(OverlaySettings)
  /// Stage 2: it has been done, or has been tried; the image's units start.
  case settled(Settlement)

  public enum Settlement: Equatable, Sendable {
    case writable
    case readOnly
  }

  public init(for facts: BootFacts) {
    self = Self.settlement(of: facts).map { .settled($0) }
      ?? Self.reasonAgainst(facts).map { .untouched($0) }
      ?? .overlay(OverlaySettings(for: facts))
  }

  /// Where an overlay of ours is mounted, there is nothing left to decide, whatever the files on it say by now.
  /// Without one, /run/preroot/ready tells that it was tried for this root; the flag alone is not enough, as /run outlives
  /// the root in a soft reboot. Empty it is the brake, pulled by hand or by preroot-fallback.service.
  private static func settlement(of facts: BootFacts) -> Settlement? {
    guard let root = facts.mountInfo.root else { return nil }
    if facts.mountInfo.entries.contains(where: { $0.isOverlayOfPreroot && facts.mountInfo.entry(at: $0.mountPoint) == $0 }) {
      return .writable
    }
    guard let ready = facts.ready?.trimmed, ready.isEmpty || ready == root.majorMinor else { return nil }
    return .readOnly
  }

  private static func reasonAgainst(_ facts: BootFacts) -> Reason? {
    if facts.environment.scope == "user" { return .userManager }
    if facts.environment.inInitrd.map({ $0 == "1" }) ?? facts.hasInitrdRelease { return .initrd }

    let settings = Settings(configuration: facts.configuration, commandLine: facts.commandLine)
    if settings.enable == .no { return .disabled }
    if let container = facts.containerName, !settings.isEnabledByCommandLine { return .container(container) }

    guard let root = facts.mountInfo.root else { return .rootUnknown }
    if settings.enable == .auto, facts.causeOfReadOnlyRoot == nil {
      return .rootWritable(type: root.fileSystemType, source: root.mountSource)
    }
    if let file = facts.missingFiles.first { return .missing(file) }
    if let unit = facts.maskedUnit { return .masked(unit) }
    let unit = BootUnit(on: facts.commandLine)
    if unit.name == "emergency.target" { return .emergency }
    if !unit.isTarget || unit.name == "overlay-prep.target" { return .unitIsNoTarget(unit.name) }
    return nil
  }
}

/// What stage 1 is to do.
public struct OverlaySettings: Equatable, Sendable {
  public var upper: Upper
  public var scope: Scope
  /// The target that the machine boots to in stage 2.
  public var target: Text
  public var cause: Cause

  init(for facts: BootFacts) {
    let settings = Settings(configuration: facts.configuration, commandLine: facts.commandLine)
    upper = settings.upper
    scope = settings.scope
    target = BootUnit(on: facts.commandLine).name
    cause = (settings.enable == .auto ? facts.causeOfReadOnlyRoot : nil) ?? .asked
  }
}

/// Why the root is made writable.
public enum Cause: Equatable, Sendable {
  case asked
  case fileSystem(Text)
  case device(Text)
  case fileSystemTable

  public var sentence: Text {
    switch self {
    case .asked: "An overlay is asked for"
    case .fileSystem(let type): "The root is \(type), which cannot be written"
    case .device(let source): "The root's device \(source) is read-only"
    case .fileSystemTable: "The root is read-only in /etc/fstab"
    }
  }
}

extension BootFacts {
  /// Why the root cannot be written, now and later in this boot; nil where it can. That it is mounted read-only is no
  /// reason: nearly every machine starts so, and systemd-remount-fs.service makes it writable.
  var causeOfReadOnlyRoot: Cause? {
    guard let root = mountInfo.root else { return nil }
    switch root.fileSystemType {
    case "squashfs", "erofs", "cramfs", "romfs", "iso9660": return .fileSystem(root.fileSystemType)
    default: break
    }
    if isRootDeviceReadOnly { return .device(root.mountSource) }
    if fileSystemTable.isRootReadOnly { return .fileSystemTable }
    return nil
  }

  var containerName: Text? {
    container?.trimmed ?? environment.virtualization?.dropping(prefix: "container:")
  }

  /// The first unit of stage 1 that somebody masked, on the command line (systemd.mask=) or in /etc.
  var maskedUnit: Text? {
    for word in commandLine.words where word.isKey("systemd.mask") {
      if let unit = word.value, StageOne.units.contains(unit) { return unit }
    }
    return maskedUnits.first
  }
}

extension BootMode {
  /// What the log should say about the decision: what the user wrote wrong, then what follows. Said once, when it is
  /// taken: a settled boot is silent, and runs the generators at every reload.
  public func remarks(on facts: BootFacts) -> [Remark] {
    let settings = Settings(configuration: facts.configuration, commandLine: facts.commandLine)
    switch self {
    case .settled: return []
    case .untouched(let reason): return settings.remarks + [Remark(reason.priority, "\(reason.text).")]
    case .overlay(let overlay):
      return settings.remarks + [Remark(.info, "\(overlay.cause.sentence), so this boot makes \(overlay.scope.text) writable first "
        + "(upper: \(overlay.upper.text)), then goes on to \(overlay.target).")]
    }
  }
}
