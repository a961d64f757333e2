// SPDX-License-Identifier: MIT
/// The outcome of this boot as far as preroot is concerned.
public enum Standing: Equatable, Sendable {
  /// The overlay is mounted, with the requested upper.
  case asAsked
  /// The overlay is mounted with a different upper, for this reason.
  case fallback(Text)
  /// The overlay is mounted, but a part of the request is missing.
  case partly
  /// preroot tried and failed; there is no overlay, for this reason.
  case readOnly(Text)
  /// preroot did not try. The reason's priority tells whether it should have.
  case leftAlone(Reason)
  /// preroot did not try, although the current facts request it.
  case passedOver

  /// - Parameter state: contents of /run/preroot/state.json; nil if it is absent.
  public init(for facts: borrowing BootFacts, _ state: State?) {
    let why = state?.value(of: "why") ?? Text(), lost = state?.list(of: "lost") ?? []
    let scope = state?.value(of: "scope") ?? Settings(facts.assignments).scope.text
    if facts.mountInfo.hasOverlays(on: scope) || (!lost.isEmpty && !facts.mountInfo.overlays.isEmpty) {
      self = !why.isEmpty ? .fallback(why) : lost.isEmpty ? .asAsked : .partly
      return
    }
    switch BootMode(for: facts) {
    case .settled where facts.ready?.trimmed.isEmpty == true: self = .readOnly(Self.unfinished)
    case .settled:
      self = .readOnly(why.isEmpty ? "'journalctl -b -u overlay-prep.service' says why" : why)
    case .untouched(let reason): self = .leftAlone(reason)
    case .staged where facts.hasBegun: self = .readOnly(Self.unfinished)
    case .staged: self = .passedOver
    }
  }

  private static var unfinished: Text { "overlay-prep.service did not finish; 'journalctl -b -g overlay-prep' has more" }

  /// Why the result differs from the request; empty if it does not.
  public var why: Text {
    switch self {
    case .asAsked, .partly: Text()
    case .fallback(let why), .readOnly(let why): why
    case .leftAlone(let reason): reason.text
    case .passedOver: "preroot-generator did not act in this boot, or the settings are newer than the boot; 'preroot check' looks at the next one"
    }
  }

  /// One word, for programs to read.
  public var word: Text {
    switch self {
    case .asAsked: "as-asked"
    case .fallback: "fallback"
    case .partly: "partly"
    case .readOnly: "read-only"
    case .leftAlone(let reason): reason.isLoud ? "read-only" : "off"
    case .passedOver: "passed-over"
    }
  }
}

extension MountInfo {
  /// Returns whether the root, or each directory of the scope, is an overlay. One mounted overlay is not enough: the helper may have died
  /// before the pivot, or between two directories.
  fileprivate func hasOverlays(on scope: Text) -> Bool {
    for directory in scope.split(at: UInt8(ascii: ":")) where (directory == "/" ? root : entry(at: directory))?.isOverlayOfPreroot != true { return false }
    return true
  }
}

extension Reason {
  /// Whether this reason leaves a user's request unfulfilled.
  public var isLoud: Bool { priority.rawValue <= Remark.Priority.warning.rawValue }
}

extension [Remark] {
  /// Reads this boot's remarks of priority warning or higher among the events in /run/preroot/events. See `Event`.
  public init(inEvents text: Text) {
    self = []
    var message = Text(), priority = Remark.Priority.debug, isRemark = false
    let lines = text.rows
    for place in lines.indices {
      let line = lines[place]
      if let value = line.dropping(prefix: "MESSAGE=") { message = value }
      if let value = line.dropping(prefix: "PRIORITY=")?.decimalValue { priority = Remark.Priority(rawValue: value) ?? .debug }
      if let value = line.dropping(prefix: "MESSAGE_ID=") { isRemark = value == Event.Message.remark.id }
      if line.isEmpty || place + 1 == lines.count {
        if isRemark, priority.rawValue <= Remark.Priority.warning.rawValue { add(priority, message) }
        isRemark = false
      }
    }
  }
}
