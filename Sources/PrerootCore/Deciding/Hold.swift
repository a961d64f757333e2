// SPDX-License-Identifier: MIT
/// What holds the image's units back in stage 1.
public enum Hold: Equatable, Sendable {
  /// Their jobs wait for overlay-prep.service and go on when it is done, with the units that PID 1 has loaded.
  case order
  /// A condition skips them. PID 1 has to load its units again, or to re-execute, and then starts the boot target.
  case condition(Need)

  /// Ordering is right where PID 1 and its generators have read from the image what the overlay will say, and where nothing can make a
  /// cycle of it.
  public init(for facts: borrowing BootFacts, _ settings: Settings) {
    if let need = facts.needOfReload(settings) { self = .condition(need) } else { self = .order }
  }

  public static func == (left: Hold, right: Hold) -> Bool { left.text == right.text }

  /// For the log and for `preroot plan`: half a sentence.
  public var text: Text {
    switch self {
    case .order: "the image says all that the overlay will say"
    case .condition(let need): need.text
    }
  }
}

/// Why PID 1 has to read from the overlay what it has read from the image.
public enum Need: Sendable {
  /// preroot.switch= says so.
  case asked
  /// The upper may hold units, and much else.
  case upper
  /// They need mount units of their own.
  case directories
  case binds
  /// PID 1 could not apply the presets to the image.
  case firstBoot
  /// It can make overlay-prep.service wait for a unit that waits for it.
  case dropIn(Text)

  /// Half a sentence.
  public var text: Text {
    switch self {
    case .asked: "preroot.switch= asks for it"
    case .upper: "the upper may hold units of its own"
    case .directories: "overlays on directories need units of their own"
    case .binds: "PID 1 is to know what Bind= mounts"
    case .firstBoot: "this is a first boot"
    case .dropIn(let path): path + " may order overlay-prep.service"
    }
  }
}

extension BootFacts {
  fileprivate func needOfReload(_ settings: Settings) -> Need? {
    if settings.switchMode != .auto { return .asked }
    if settings.upper.isPersistent { return .upper }
    if settings.scope != .root { return .directories }
    if !settings.binds.isEmpty { return .binds }
    if isFirstBoot { return .firstBoot }
    return helperDropIn.map { .dropIn($0) }
  }
}
