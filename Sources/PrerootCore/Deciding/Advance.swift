// SPDX-License-Identifier: MIT
/// How PID 1 switches from the image's units to the overlay's.
public enum SwitchMode: Keyword {
  case auto
  case reload
  case reexec

  public var word: Text {
    switch self {
    case .auto: "auto"
    case .reload: "reload"
    case .reexec: "reexec"
    }
  }
}

/// Differences between the overlay and the facts that PID 1 has cached from the image.
public struct OverlayChanges: Equatable, Sendable {
  /// PID 1's machine ID; empty if it has none.
  public var machineIDBefore = Text()
  public var machineID = Text()
  /// Whether PID 1 considers this a first boot (/run/systemd/first-boot).
  public var wasFirstBoot = false
  public var isFirstBoot = false
  /// Whether the upper has its own systemd, for example after a package upgrade.
  public var hasOtherManager = false

  public init() {}

  /// Why PID 1 has to re-execute, because it caches these until then; nil if a reload is enough.
  var reasonToReexecute: Text? {
    if hasOtherManager { return "the upper has its own systemd" }
    if !(machineID == machineIDBefore) { return "the upper has a different machine ID" }
    if isFirstBoot != wasFirstBoot { return isFirstBoot ? "this is the upper's first boot" : "the upper's first boot is complete" }
    return nil
  }
}

/// The choice between a reload and a re-execution. See org.freedesktop.systemd1(5), Reload() and Reexecute().
public struct Advance: Equatable, Sendable {
  public var isReexecution: Bool
  /// For the log.
  public var reason: Text

  /// - Parameter need: why PID 1 has to reload in the first place.
  public init(_ mode: SwitchMode, over changes: OverlayChanges, as need: Hold.Need) {
    let demand = changes.reasonToReexecute
    switch mode {
    case .auto: isReexecution = demand != nil
    case .reload: isReexecution = false
    case .reexec: isReexecution = true
    }
    if mode == .auto {
      reason = demand ?? need.text
    } else {
      reason = "preroot.switch= requests it"
      if !isReexecution, let demand { reason.append(Text(", although ") + demand) }
    }
  }
}
