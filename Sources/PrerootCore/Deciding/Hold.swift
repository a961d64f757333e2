// SPDX-License-Identifier: MIT
/// How the image's units are held back while the helper mounts the overlay.
public enum Hold: Equatable, Sendable {
  /// Their jobs wait until overlay-prep.service has ended. PID 1 keeps its loaded units.
  case ordering
  /// A condition skips them. Afterwards PID 1 reloads or re-executes, and starts the boot target.
  case condition(Need)

  /// Why PID 1 has to read its configuration again, from the overlay.
  public enum Need: Equatable, Sendable {
    case switchMode
    case upper
    /// The upper is empty, but on a device for which the helper may wait: meanwhile, jobs would reach their time limits.
    case device
    case scope
    case binds
    case firstBoot
    /// This file may order overlay-prep.service after a unit that waits for overlay-prep.service.
    case override(Text)
  }

  /// Decides. Ordering is enough if the overlay has the same configuration as the image, and overlay-prep.service itself waits for nothing.
  ///
  /// Generator, helper and tool have to agree, and the generator does not use `Settings`: so this reads the assignments. If it cannot easily
  /// tell how `Settings` reads a value, it chooses the condition.
  public init(for facts: borrowing BootFacts) {
    var mode = SwitchMode.auto, isPersistent = false, isWholeRoot = true, hasBinds = false, isEmpty = false
    for assignment in facts.assignments.all {
      let value = assignment.value
      switch assignment.setting {
      case .switch: mode = SwitchMode(value) ?? mode
      case .upper: if value.isEmpty || Upper.isMeant(by: value) { isPersistent = Upper.isDeviceMeant(by: value) && Upper.tmpfsOptions(in: value) == nil }
      case .crypt: isEmpty = value == "random"
      case .scope: isWholeRoot = value.isEmpty || value == "/"
      case .bind: hasBinds = !value.isEmpty
      default: break
      }
    }
    if mode != .auto { self = .condition(.switchMode) }
    else if isPersistent { self = .condition(isEmpty ? .device : .upper) }
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
    case .device: "the upper's device can be late"
    case .scope: "overlays on directories need mount units"
    case .binds: "Bind= mounts directories"
    case .firstBoot: "this is a first boot"
    case .override(let path): path + " can order overlay-prep.service after other units"
    }
  }
}
