// SPDX-License-Identifier: MIT
/// What is done on the upper's own file system before the overlay stands on it, so that every power cut leaves it as it was, or done,
/// or begun and known to be begun.
public struct LayerPlan: Equatable, Sendable {
  public var steps: [Step] = []

  /// - Parameter isCounted: whether this boot counts as one that may not get through.
  public init(_ facts: StoreFacts, _ use: UpperUse, _ settings: Settings, isCounted: Bool) {
    let directory = facts.directory
    for parent in (directory + "/").parents where parent.count > Paths.store.count { add(.makeDirectory, parent) }
    // First, as there may be no room for anything else.
    for trash in facts.trash { add(.deleteTree, directory + "/" + trash) }
    var attempts = facts.attempts
    switch use {
    case .leftOut:
      // One below the limit, so that the next boot tries it again: three power cuts in a row are no broken upper. Removed first: where
      // the upper is full, nothing can be written, and it would be left out for ever.
      add(.removeDurably, directory + "/attempts")
      add(.writeDurably, directory + "/attempts", Text(decimal: settings.attempts - 1) + "\n")
      return
    case .anew:
      reset(facts)
      attempts = 0
    case .asItIs, .asItIsAlthough: break
    }
    if let lower = facts.lower, facts.recorded != lower.text { add(.writeDurably, directory + "/lower.id", lower.text + "\n") }
    if isCounted { add(.writeDurably, directory + "/attempts", Text(decimal: attempts + 1) + "\n") }
    if case .anew = use {
      add(.removeDurably, directory + "/reset", Text(), Self.resetting)
      // What could not be deleted in time is a matter of the next boot, and no reset any more.
      add(.setAside, directory + "/resetting", directory + "/" + facts.freeTrash, Self.resetting)
    }
  }

  private static var resetting: Text { "Reset=yes" }

  /// Renamed first: a power cut finds the old upper, or `resetting`, which tells that there is more to do. Nothing has to be written
  /// before it is deleted, as a reset is also what helps a full upper. The mark goes last. Where a step fails, the boot goes on with what
  /// is there, nothing is deleted, and the next boot tries the rest.
  private mutating func reset(_ facts: StoreFacts) {
    let directory = facts.directory, old = directory + "/resetting", part = Self.resetting
    if !facts.isResetting { add(.setAside, directory + "/upper", old, part) }
    // None within another: that would be in the way of the other.
    var kept: [Text] = []
    for path in (facts.mark ?? Text()).lines {
      if let path = path.trimmed.normalPath, !(path == "/") { kept.addDirectory(path) }
    }
    for path in kept { add(.takeBack, directory + "/upper" + path, old + path, part) }
    add(.deleteTree, old, Text(), part)
  }

  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text, _ other: Text = Text(), _ part: Text = Text()) {
    steps.append(Step(verb, path, other, part: part))
  }
}
