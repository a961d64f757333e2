// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Reports what this boot was asked for and what it got.
func status(on machine: borrowing Machine, asJSON isJSON: Bool) throws(Complaint) -> ExitStatus {
  let facts = BootFacts(asSeenOn: machine)
  let state = machine.contents(Paths.state).map { State(parsing: $0) }
  let standing = Standing(for: facts, state)
  let report = StatusReport(standing, facts, state, machine)
  try reply(isJSON ? report.json : report.text)
  return standing.exitStatus
}

extension Standing {
  var exitStatus: ExitStatus {
    switch self {
    case .asAsked: .success
    case .fallback, .partly, .readOnly, .passedOver: .otherwise
    case .leftAlone(let reason): reason.isLoud ? .otherwise : .off
    }
  }
}

/// The contents of the report, as text and as a JSON object.
struct StatusReport {
  private let standing: Standing
  private let asked, upper, scope, target: Text
  /// How the upper is encrypted; empty if it is not.
  private let crypt: Text
  private let lower: MountInfo.Entry?
  private let store: MountInfo.Entry?
  /// Where the upper is, if its name does not say so.
  private let place: Text
  private let space: Space?
  /// About settings that were not accepted as written.
  private let remarks: [Remark]
  /// The missing parts of the request.
  private let lost: [Text]
  /// Whether the next boot starts with an empty upper; nil for an unprivileged user, who cannot see the layers.
  private let isResetMarked: Bool?
  /// Whether the changes are in memory until they are committed.
  private let isOnDemand: Bool
  /// Whether the next boot has changes of this one; nil for an unprivileged user.
  private let isCommitted: Bool?

  init(_ standing: Standing, _ facts: borrowing BootFacts, _ state: State?, _ machine: borrowing Machine) {
    let overlays = facts.mountInfo.overlays
    let settings = Settings(facts.assignments)
    self.standing = standing
    asked = state?.value(of: "asked") ?? settings.upper.text
    upper = overlays.isEmpty ? Text() : state?.value(of: "upper") ?? Text()
    let crypt = overlays.isEmpty ? Text() : state?.value(of: "crypt") ?? Text()
    self.crypt = crypt == Crypt.no.text ? Text() : crypt
    scope = overlays.isEmpty ? settings.scope.text : Text(joining: overlays.map { $0.mountPoint }, separator: ":")
    target = state?.value(of: "target") ?? Text()
    lower = facts.mountInfo.image
    store = overlays.isEmpty ? nil : facts.mountInfo.entry(at: Paths.store)
    if upper == "tail", let source = store?.mountSource, let backing = machine.contents(Text("/sys/class/block/") + source.fileName + "/loop/backing_file")?.trimmed {
      // The kernel names it as seen from the /dev of the first stage, which is gone.
      place = Text(" (") + source + " on /dev/" + backing.fileName + ")"
    } else {
      place = Text()
    }
    // The overlay reports its upper's space, and every user may ask for it.
    space = store == nil ? nil : try? Space(of: overlays[0].mountPoint)
    let events = [Remark](inEvents: machine.contents(Paths.events) ?? Text())
    // In a boot that was left alone, no event recorded them.
    remarks = state == nil ? (facts.request.remarks + settings.remarks).filter { $0.priority.rawValue <= Remark.Priority.warning.rawValue } : events
    lost = state?.list(of: "lost") ?? []
    let layers = overlays.first.flatMap { machine.layers(of: $0) } ?? Text()
    isOnDemand = overlays.first?.isOnDemand == true
    let isVisible = layers.isEmpty || machine.exists(Paths.store)
    isCommitted = isVisible ? isOnDemand && !StoreFacts(in: layers, over: nil).commits.isEmpty : nil
    isResetMarked = isVisible ? !layers.isEmpty && machine.exists(layers + "/reset") : nil
  }

  private var isPersistent: Bool { store.map { $0.fileSystemType != "tmpfs" } == true && !isOnDemand && !(crypt == Crypt.random.text) }

  // MARK: For people

  var text: Text {
    var answer = Answer()
    switch standing {
    case .asAsked: answer.add(line: scope + " is writable, as requested", .good)
    case .fallback: answer.add(line: scope + " is writable, but not as requested: changes are lost at power-off", .bad)
    case .partly: answer.add(line: scope + " is writable, but part of what was requested is missing", .bad)
    case .readOnly, .passedOver: answer.add(line: scope + " was not made writable", .bad)
    case .leftAlone(let reason) where reason.isLoud: answer.add(line: scope + " was not made writable", .bad)
    case .leftAlone: answer.add(line: "preroot had nothing to do in this boot", .notable)
    }
    if !standing.why.isEmpty { answer.add("why", standing.why) }
    for sentence in lost { answer.add("lost", sentence, .bad) }
    if standing.isTried { answer.add("asked", asked) }
    if !upper.isEmpty { answer.add("upper", upper + place + (isPersistent ? ", kept at power-off" : isOnDemand ? ", changes are lost at power-off unless 'preroot commit' keeps them" as Text : ", lost at power-off")) }
    if !crypt.isEmpty { answer.add("crypt", crypt) }
    if let space { answer.add("filled", space.filling, space.percentage >= 90 ? .bad : space.percentage >= 75 ? .notable : .plain) }
    if !upper.isEmpty, let lower { answer.add("lower", lower.nameOfImage + " at " + Paths.lower) }
    if !target.isEmpty { answer.add("target", target) }
    if isCommitted == true { answer.add("commit", "the next boot has the changes that were committed; 'preroot commit --cancel' cancels this", .good) }
    if isResetMarked == true { answer.add("reset", "the next boot starts with an empty upper; 'preroot reset --cancel' cancels this", .notable) }
    for remark in remarks { answer.add("remark", remark.text, .notable) }
    return answer.text
  }

  // MARK: For programs

  var json: Text {
    var object = State()
    object.add("status", standing.word)
    object.add("why", standing.why)
    object.add("asked", standing.isTried ? asked : Text())
    object.add("upper", upper)
    object.add("persistent", boolean: isPersistent)
    object.add("crypt", crypt)
    if let space {
      object.add("upper_kib", number: space.totalKilobytes)
      object.add("upper_kib_free", number: space.freeKilobytes)
      object.add("upper_inodes_free", number: space.freeInodes)
    }
    if isOnDemand, let isCommitted { object.add("committed", boolean: isCommitted) }
    object.add("scope", scope)
    object.add("target", target)
    object.add("lower", lower?.nameOfImage ?? Text())
    if let isResetMarked { object.add("reset", boolean: isResetMarked) }
    object.add("lost", list: lost)
    object.add("remarks", list: remarks.map { $0.text })
    return object.text
  }
}

extension Standing {
  /// Whether anyone requested something.
  fileprivate var isTried: Bool {
    if case .leftAlone(let reason) = self { reason.isLoud } else { true }
  }
}

extension MountInfo.Entry {
  fileprivate var nameOfImage: Text { fileSystemType + " " + mountSource }
}

extension Space {
  fileprivate var percentage: Int { (totalKilobytes - freeKilobytes) / max(totalKilobytes / 100, 1) }

  fileprivate var filling: Text {
    Text(decimal: percentage) + "% (" + Text(kilobytes: totalKilobytes - freeKilobytes) + " of " + Text(kilobytes: totalKilobytes) + ")"
  }
}
