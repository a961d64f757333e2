// SPDX-License-Identifier: MIT
/// The steps on the upper's own file system before the overlay uses it. After any power cut it is unchanged, or complete, or recognizably
/// unfinished.
public struct LayerPlan: Equatable, Sendable {
  public var steps: [Step] = []

  /// - Parameter isCounted: whether this boot counts as an attempt.
  public init(_ facts: StoreFacts, _ use: UpperUse, _ settings: Settings, isCounted: Bool) {
    var facts = facts
    takeCommit(&facts, use, settings)
    plan(facts, use, settings, isCounted: isCounted)
    // A device that is a lower is written only if this boot has something to do there.
    if settings.memory != nil {
      if !steps.isEmpty { makeParents(of: facts.directory, at: 0) }
      if !steps.isEmpty, settings.keepsDeviceReadOnly {
        steps.insert(Step(.allowWriting, Paths.store), at: 0)
        add(.forbidWriting, Paths.store)
      }
    } else {
      makeParents(of: facts.directory, at: 0)
    }
  }

  /// Plans what to do once a boot has reached its target with the upper.
  ///
  /// - Parameter isReadOnly: whether the file system cannot be written now.
  public init(reached facts: StoreFacts, isReadOnly: Bool) {
    var facts = facts
    if isReadOnly { add(.allowWriting, Paths.store) }
    add(.removeDurably, facts.directory + "/attempts")
    // Deleting takes a while, and part of a layer must not be taken for the whole.
    if facts.hasPrevious { discard("previous", &facts) }
    for trash in facts.trash { add(.deleteTree, facts.directory + "/" + trash) }
    if isReadOnly { add(.forbidWriting, Paths.store) }
  }

  private mutating func makeParents(of directory: Text, at place: Int) {
    for parent in (directory + "/").parents.reversed() where parent.count > Paths.store.count { steps.insert(Step(.makeDirectory, parent), at: place) }
  }

  /// Renames only: after a power cut, the next boot goes on where this one stopped. The upper before the commit stays, until a boot has
  /// reached its target with the new one. The count of boots goes before the layer that has not been tried comes.
  private mutating func takeCommit(_ facts: inout StoreFacts, _ use: UpperUse, _ settings: Settings) {
    let directory = facts.directory, upper = directory + "/upper", previous = directory + "/previous"
    let layer: Text
    if case .previous = use {
      layer = "previous"
      if facts.hasUpper {
        if facts.hasRejected { discard("rejected", &facts) }
        add(.setAside, upper, directory + "/rejected")
      }
    } else {
      if case .anew = use {
        if facts.hasPrevious { discard("previous", &facts) }
        if facts.hasRejected { discard("rejected", &facts) }
      }
      guard let newest = facts.commits.last else { return }
      layer = StoreFacts.commitName(newest)
      // Before the newest one: after a power cut, an older one must not be the newest.
      for number in facts.commits.dropLast(1) { discard(StoreFacts.commitName(number), &facts) }
      // A layer that no boot has tried is not one to go back to; a reset goes back to none.
      if facts.hasUpper {
        var isKept = !facts.hasPrevious && settings.attempts > 0
        if case .anew = use { isKept = false }
        if isKept { add(.setAside, upper, previous) } else { discard("upper", &facts) }
      }
    }
    if facts.attempts > 0 { add(.removeDurably, directory + "/attempts") }
    add(.setAside, directory + "/" + layer, upper)
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
    case .asItIs, .asItIsAlthough, .previous: break
    }
    if settings.memory == nil || facts.hasUpper, let lower = facts.lower, facts.recorded != lower.text { add(.writeDurably, directory + "/lower.id", lower.text + "\n") }
    if isCounted { add(.writeDurably, directory + "/attempts", Text(decimal: attempts + 1) + "\n") }
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
