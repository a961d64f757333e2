// SPDX-License-Identifier: MIT
/// What is done to a machine from outside while it runs, and what of it is due.
struct Schedule {
  enum Act {
    case powerCut, plugIn(Disk), controlAltDelete
  }

  private struct Item {
    let act: Act
    let moment: Moment
    /// Known once the sign has been seen.
    var time: ContinuousClock.Instant?
  }

  private var items: [Item]

  init(of machine: Machine) {
    let acts: [(Act, Moment?)] = [
      (.powerCut, machine.powerCut), (.controlAltDelete, machine.controlAltDelete),
    ] + (machine.hotplug.map { [(.plugIn($0.disk), $0.moment)] } ?? [])
    items = acts.compactMap { act, moment in moment.map { Item(act: act, moment: $0) } }
  }

  var isEmpty: Bool { items.isEmpty }

  /// Takes out what is due.
  ///
  /// - Parameter isSeen: whether a sign can be seen now. It is not asked for again once it has been.
  mutating func due(at now: ContinuousClock.Instant, isSeen: (Moment.Sign) -> Bool) -> [Act] {
    for index in items.indices where items[index].time == nil && isSeen(items[index].moment.sign) {
      items[index].time = now + items[index].moment.delay
    }
    let isDue = { (item: Item) in item.time.map { $0 <= now } == true }
    defer { items.removeAll(where: isDue) }
    return items.filter(isDue).map(\.act)
  }
}
