// SPDX-License-Identifier: MIT
/// What became of this boot, as far as preroot goes.
public enum Standing: Equatable, Sendable {
  /// The overlay is there, with the upper that was asked for.
  case asAsked
  /// The overlay is there with another upper, and why.
  case fallback(Text)
  /// The overlay is there, and something that was asked for is not.
  case partly
  /// It was tried, there is no overlay, and why.
  case readOnly(Text)
  /// Not tried; on whether it should have been, the reason's priority has a word.
  case leftAlone(Reason)
  /// Not tried, although the facts as they are now speak for it.
  case passedOver

  /// - Parameter state: of /run/preroot/state.json; nil where there is none.
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

  /// Why it is not as asked, or not at all; empty where it is.
  public var why: Text {
    switch self {
    case .asAsked, .partly: Text()
    case .fallback(let why), .readOnly(let why): why
    case .leftAlone(let reason): reason.text
    case .passedOver: "preroot-generator did not act in this boot, or the settings are newer than the boot; 'preroot check' looks at the next one"
    }
  }

  /// One word, for programs.
  public var word: StaticString {
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
  /// Whether the root, or each directory of a scope, is an overlay. That one is mounted somewhere is not enough: the helper may have died
  /// before the pivot, or between two directories.
  fileprivate func hasOverlays(on scope: Text) -> Bool {
    for directory in scope.split(at: UInt8(ascii: ":")) where (directory == "/" ? root : entry(at: directory))?.isOverlayOfPreroot != true { return false }
    return true
  }
}

extension Reason {
  /// Whether it stands against what somebody asked for.
  public var isLoud: Bool { priority.rawValue <= Remark.Priority.warning.rawValue }
}

extension [Remark] {
  /// The remarks of this boot among the events of /run/preroot/events that are a warning at least. See `Event`.
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
