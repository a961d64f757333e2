// SPDX-License-Identifier: MIT
/// Actions on a running machine from outside, and the moments at which they are due.
struct Schedule {
  enum Act {
    case powerCut, plugIn(Disk), controlAltDelete
  }

  private struct Item {
    let act: Act
    let moment: Moment
    /// The due time, known once the event has happened.
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

  /// Removes and returns the due actions.
  ///
  /// - Parameter isSeen: whether an event has happened. It is not called again for an event that has.
  mutating func due(at now: ContinuousClock.Instant, isSeen: (Moment.Sign) -> Bool) -> [Act] {
    for index in items.indices where items[index].time == nil && isSeen(items[index].moment.sign) {
      items[index].time = now + items[index].moment.delay
    }
    let isDue = { (item: Item) in item.time.map { $0 <= now } == true }
    defer { items.removeAll(where: isDue) }
    return items.filter(isDue).map(\.act)
  }
}
