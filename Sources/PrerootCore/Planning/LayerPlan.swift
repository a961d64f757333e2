// SPDX-License-Identifier: MIT
/// The steps on the upper's own file system before the overlay uses it. After any power cut it is unchanged, or complete, or recognizably
/// unfinished.
public struct LayerPlan: Equatable, Sendable {
  public var steps: [Step] = []

  /// - Parameter isCounted: whether this boot counts as an attempt.
  public init(_ facts: StoreFacts, _ use: UpperUse, _ settings: Settings, isCounted: Bool) {
    var facts = facts
    if let newest = facts.commits.last { takeCommit(newest, &facts, isCounted: isCounted) }
    plan(facts, use, settings, isCounted: isCounted)
    // A device that is a lower is written only if this boot has something to do there.
    if settings.memory != nil, steps.isEmpty { return }
    var before: [Step] = []
    if settings.keepsDeviceReadOnly {
      before.append(Step(.allowWriting, Paths.store))
      add(.forbidWriting, Paths.store)
    }
    for parent in (facts.directory + "/").parents where parent.count > Paths.store.count { before.append(Step(.makeDirectory, parent)) }
    steps = before + steps
  }

  /// Puts the layer that `preroot commit` has made in the place of the upper. The boot is counted first, as a boot with this layer may fail
  /// although earlier ones did not. Then renames only: after a power cut, the next boot continues where this one stopped.
  private mutating func takeCommit(_ newest: Int, _ facts: inout StoreFacts, isCounted: Bool) {
    let directory = facts.directory, attempts = directory + "/attempts"
    for trash in facts.trash { add(.deleteTree, directory + "/" + trash) }
    if facts.attempts > 0 { add(.removeDurably, attempts) }
    if isCounted { add(.writeDurably, attempts, "1\n") }
    // Before the newest one: after a power cut, an older one must not be the newest.
    for number in facts.commits.dropLast(1) { discard(StoreFacts.commitName(number), &facts) }
    if facts.hasUpper { discard("upper", &facts) }
    add(.setAside, directory + "/" + StoreFacts.commitName(newest), directory + "/upper")
    facts.hasUpper = true
    facts.attempts = 0
  }

  /// Renames a directory so that it counts as trash.
  private mutating func discard(_ name: Text, _ facts: inout StoreFacts) {
    let trash = facts.freeTrash
    add(.setAside, facts.directory + "/" + name, facts.directory + "/" + trash)
    facts.trash.add(trash)
  }

  private mutating func plan(_ facts: StoreFacts, _ use: UpperUse, _ settings: Settings, isCounted: Bool) {
    let directory = facts.directory
    // First, because there may be no room for anything else.
    for trash in facts.trash { add(.deleteTree, directory + "/" + trash) }
    var attempts = facts.attempts
    switch use {
    case .leftOut:
      // One below the limit, so that the next boot tries the upper again: three power cuts in a row do not mean that it is broken. Remove
      // the file first: on a full upper the write fails, and the old count would leave the upper out forever.
      add(.removeDurably, directory + "/attempts")
      add(.writeDurably, directory + "/attempts", Text(decimal: settings.attempts - 1) + "\n")
      return
    case .anew:
      reset(facts)
      attempts = 0
    case .asItIs, .asItIsAlthough: break
    }
    // Without an upper, the first commit does this.
    if settings.memory == nil || facts.hasUpper, let lower = facts.lower, facts.recorded != lower.text {
      add(.writeDurably, directory + "/lower.id", lower.text + "\n")
    }
    if isCounted, facts.commits.isEmpty { add(.writeDurably, directory + "/attempts", Text(decimal: attempts + 1) + "\n") }
    if case .anew = use {
      add(.removeDurably, directory + "/reset", Text(), Self.resetting)
      // The next boot deletes what could not be deleted in time; that no longer belongs to the reset.
      add(.setAside, directory + "/resetting", directory + "/" + facts.freeTrash, Self.resetting)
    }
  }

  private static var resetting: Text { "Reset=yes" }

  /// Renames first: after a power cut there is either the old upper, or `resetting`, which says that the reset is unfinished. The old upper
  /// is deleted before anything is written, because a reset also has to help a full upper. The mark goes last. If a step fails, the boot
  /// continues with the current upper, nothing is deleted, and the next boot tries the rest.
  private mutating func reset(_ facts: StoreFacts) {
    let directory = facts.directory, old = directory + "/resetting", part = Self.resetting
    if !facts.isResetting { add(.setAside, directory + "/upper", old, part) }
    // No path within another: it would be in the other's way.
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
