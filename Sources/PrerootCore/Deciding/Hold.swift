// SPDX-License-Identifier: MIT
/// What holds the image's units back while the overlay is made.
public enum Hold: Equatable, Sendable {
  /// Their jobs wait for overlay-prep.service, and go on when it has ended. PID 1 keeps the units that it has loaded.
  case ordering
  /// A condition skips them. Afterwards PID 1 reloads, or re-executes, and starts the boot target.
  case condition(Need)

  /// Why PID 1 has to read from the overlay what it has read from the image.
  public enum Need: Equatable, Sendable {
    case switchMode
    case upper
    case scope
    case binds
    case firstBoot
    /// It may order overlay-prep.service after a unit that waits for overlay-prep.service.
    case override(Text)
  }

  /// Ordering is enough where the overlay will say what the image said, and where overlay-prep.service waits for nothing itself.
  ///
  /// Generator, helper and tool have to agree, and the generator does without the rest of the settings: so this reads the assignments.
  /// Where it cannot tell at a glance what `Settings` makes of a value, it takes the safe side.
  public init(for facts: borrowing BootFacts) {
    var mode = SwitchMode.auto, isPersistent = false, isWholeRoot = true, hasBinds = false
    for assignment in facts.assignments.all {
      let value = assignment.value
      switch assignment.setting {
      case .switch: mode = SwitchMode(value) ?? mode
      case .upper: if value.isEmpty || Upper.isMeant(by: value) { isPersistent = Upper.isDeviceMeant(by: value) && Upper.tmpfsOptions(in: value) == nil }
      case .scope: isWholeRoot = value.isEmpty || value == "/"
      case .bind: hasBinds = !value.isEmpty
      default: break
      }
    }
    if mode != .auto { self = .condition(.switchMode) }
    else if isPersistent { self = .condition(.upper) }
    else if !isWholeRoot { self = .condition(.scope) }
    else if hasBinds { self = .condition(.binds) }
    else if facts.isFirstBoot { self = .condition(.firstBoot) }
    else if let path = facts.helperOverride { self = .condition(.override(path)) }
    else { self = .ordering }
  }
}

extension Hold.Need {
  /// For the log and for `preroot plan`.
  public var text: Text {
    switch self {
    case .switchMode: "preroot.switch= requests it"
    case .upper: "the upper can hold units"
    case .scope: "overlays on directories need mount units"
    case .binds: "Bind= mounts directories"
    case .firstBoot: "this is a first boot"
    case .override(let path): path + " can order overlay-prep.service after other units"
    }
  }
}
