// SPDX-License-Identifier: MIT
/// The steps on the upper's own file system before the overlay uses it. After any power cut it is unchanged, or complete, or recognizably
/// unfinished.
public struct LayerPlan: Equatable, Sendable {
  public var steps: [Step] = []

  /// - Parameter isCounted: whether this boot counts as an attempt.
  public init(_ facts: StoreFacts, _ use: UpperUse, _ settings: Settings, isCounted: Bool) {
    let directory = facts.directory
    for parent in (directory + "/").parents where parent.count > Paths.store.count { add(.makeDirectory, parent) }
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
    if let lower = facts.lower, facts.recorded != lower.text { add(.writeDurably, directory + "/lower.id", lower.text + "\n") }
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
