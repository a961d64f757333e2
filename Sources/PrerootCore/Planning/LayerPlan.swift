/// What is done on the upper's own file system before the overlay stands on it, so that every power cut leaves it as it was, or done,
/// or begun and known to be begun.
public struct LayerPlan: Equatable, Sendable {
  public var steps: [Step] = []

  /// - Parameter isCounted: whether this boot counts as one that may not get through.
  public init(_ facts: StoreFacts, _ use: UpperUse, _ settings: Settings, isCounted: Bool) {
    let directory = facts.directory
    for parent in (directory + "/").parents where parent.count > Paths.store.count { add(.makeDirectory, parent) }
    // First, as there may be no room for anything else.
    if facts.hasTrash { add(.deleteTree, directory + "/trash") }
    var attempts = facts.attempts
    switch use {
    case .leftOut:
      // One below the limit, so that the next boot tries it again: three power cuts in a row are no broken upper.
      add(.writeDurably, directory + "/attempts", Text(decimal: settings.attempts - 1) + "\n")
      return
    case .anew:
      setAside(facts)
      attempts = 0
    case .asItIs, .asItIsAlthough: break
    }
    if let lower = facts.lower, facts.recorded != lower.text { add(.writeDurably, directory + "/lower.id", lower.text + "\n") }
    if isCounted { add(.writeDurably, directory + "/attempts", Text(decimal: attempts + 1) + "\n") }
    if case .anew = use {
      add(.removeDurably, directory + "/reset")
      // What could not be deleted in time is a matter of the next boot, and no reset any more.
      add(.setAside, directory + "/resetting", directory + "/trash")
    }
  }

  /// Renamed first: a power cut finds the old upper, or `resetting`, which tells that there is more to do. Nothing has to be written
  /// before it is deleted, as a reset is also what helps a full upper.
  private mutating func setAside(_ facts: StoreFacts) {
    let directory = facts.directory, old = directory + "/resetting"
    add(.setAside, directory + "/upper", old)
    // None within another: that would be in the way of the other.
    var kept: [Text] = []
    for path in (facts.mark ?? Text()).lines {
      if let path = path.trimmed.normalPath, !(path == "/") { kept.addDirectory(path) }
    }
    for path in kept { add(.takeBack, directory + "/upper" + path, old + path) }
    add(.deleteTree, old)
  }

  @inline(never) private mutating func add(_ verb: Step.Verb, _ path: Text, _ other: Text = Text()) { steps.append(Step(verb, path, other)) }
}
