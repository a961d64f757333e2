/// What is done to a machine from outside while it runs, and what of it is due.
struct Schedule {
  enum Act {
    case powerCut, plugIn(Disk), controlAltDelete
  }

  private struct Item {
    let act: Act
    let moment: Moment
    /// Known once the console has said what comes first.
    var time: ContinuousClock.Instant?
  }

  private var items: [Item] = []

  /// Creates the schedule of a machine that is switched on now.
  init(of machine: Machine, at now: ContinuousClock.Instant) {
    let acts: [(Act, Moment?)] = [
      (.powerCut, machine.powerCut), (.controlAltDelete, machine.controlAltDelete),
    ] + (machine.hotplug.map { [(.plugIn($0.disk), $0.moment)] } ?? [])
    for case (let act, let moment?) in acts {
      items.append(Item(act: act, moment: moment, time: moment.text == nil ? now + moment.delay : nil))
    }
  }

  var isEmpty: Bool { items.isEmpty }

  /// Takes out what is due now that the console has said these lines, too.
  mutating func due(at now: ContinuousClock.Instant, afterHearing lines: [String]) -> [Act] {
    for index in items.indices where items[index].time == nil {
      guard let text = items[index].moment.text, lines.contains(where: { $0.contains(text) }) else { continue }
      items[index].time = now + items[index].moment.delay
    }
    let isDue = { (item: Item) in item.time.map { $0 <= now } == true }
    defer { items.removeAll(where: isDue) }
    return items.filter(isDue).map(\.act)
  }
}
