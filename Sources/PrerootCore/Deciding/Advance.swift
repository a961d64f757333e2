/// How PID 1 gets from the read-only root's units to the overlay's.
public enum SwitchMode: Int, Sendable {
  case auto, reload, reexec

  /// In the order of the cases.
  static var words: StaticString { "auto reload reexec" }
}

/// What PID 1 took from the read-only root once, and what the overlay says.
public struct Takeover: Equatable, Sendable {
  /// What the machine ID was when PID 1 read it; empty where there was none.
  public var machineIDBefore = Text()
  public var machineID = Text()
  /// Whether PID 1 takes this for a first boot (/run/systemd/first-boot).
  public var wasFirstBoot = false
  public var isFirstBoot = false
  /// Whether the upper has a systemd of its own, as after an upgrade of the package.
  public var hasOtherManager = false

  public init() {}

  /// Why a reload does not do, as PID 1 keeps these until it executes itself anew; nil where it does.
  var reasonToReexecute: StaticString? {
    if hasOtherManager { return "the upper has a systemd of its own" }
    if !(machineID == machineIDBefore) { return "the upper has another machine ID" }
    if isFirstBoot != wasFirstBoot { return isFirstBoot ? "this is a first boot of the upper's" : "the first boot is over" }
    return nil
  }
}

/// The way that is taken. See org.freedesktop.systemd1(5), Reload() and Reexecute().
public struct Advance: Equatable, Sendable {
  public var isReexecution: Bool
  /// For the log.
  public var reason: Text

  public init(_ mode: SwitchMode, for takeover: Takeover) {
    let demand = takeover.reasonToReexecute
    switch mode {
    case .auto: isReexecution = demand != nil
    case .reload: isReexecution = false
    case .reexec: isReexecution = true
    }
    if mode == .auto {
      reason = Text(stringLiteral: demand ?? "nothing that it has read is another on the overlay")
    } else {
      reason = "preroot.switch= asks for it"
      if !isReexecution, let demand { reason.append(Text(", although ") + Text(stringLiteral: demand)) }
    }
  }
}
