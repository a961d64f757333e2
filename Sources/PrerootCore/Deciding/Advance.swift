// SPDX-License-Identifier: MIT
/// How PID 1 gets from the image's units to the overlay's.
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

/// What the overlay has otherwise than the image, from which PID 1 has read it and cached it.
public struct OverlayChanges: Equatable, Sendable {
  /// What the machine ID was when PID 1 read it; empty where there was none.
  public var machineIDBefore = Text()
  public var machineID = Text()
  /// Whether PID 1 takes this for a first boot (/run/systemd/first-boot).
  public var wasFirstBoot = false
  public var isFirstBoot = false
  /// Whether the upper has its own systemd, as after an upgrade of the package.
  public var hasOtherManager = false

  public init() {}

  /// Why a reload is not enough, as PID 1 caches these until it re-executes; nil where it is.
  var reasonToReexecute: Text? {
    if hasOtherManager { return "the upper has its own systemd" }
    if !(machineID == machineIDBefore) { return "the upper has a different machine ID" }
    if isFirstBoot != wasFirstBoot { return isFirstBoot ? "this is the upper's first boot" : "the upper's first boot is complete" }
    return nil
  }
}

/// The way that is taken. See org.freedesktop.systemd1(5), Reload() and Reexecute().
public struct Advance: Equatable, Sendable {
  public var isReexecution: Bool
  /// For the log.
  public var reason: Text

  /// - Parameter need: why PID 1 has to read again at all.
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
