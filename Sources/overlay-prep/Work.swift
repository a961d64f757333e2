import PrerootCore
import PrerootSystem

/// The making of the overlay, with what it needs at hand.
final class Work {
  private let settings: Settings
  private let reading: FirstReading
  private let target: Text
  /// Whether this boot counts among those that may not get through with the upper.
  private let isCounted: Bool
  private let log: KernelLog
  var kernel = LinuxKernel()
  var story: Story

  /// - Parameter story: what there is to tell already.
  init(_ settings: Settings, _ target: Text, _ reading: FirstReading, _ story: Story, _ log: KernelLog) {
    self.story = story
    self.settings = settings
    self.reading = reading
    self.target = target
    isCounted = settings.counts(bootTo: target)
    self.log = log
  }

  /// Puts the overlay on memory.
  ///
  /// - Returns: why that did not go, once all is taken back; nil where it did. So do the others.
  func mount(_ options: TmpfsOptions, _ facts: borrowing BootFacts) -> Text? {
    let store = StorePlan(options, over: facts.mountInfo).steps
    var settings = settings
    // What is taken past the overlay may be more than memory holds, and is not meant for it.
    if settings.upper.isPersistent { settings.binds = [] }
    settings.upper = .tmpfs(options)
    return execute(store) ?? mountOverlay(settings, on: store, in: Paths.store, facts)
  }

  /// Puts the overlay on a device.
  func mount(_ name: DeviceName, _ facts: borrowing BootFacts, _ machine: borrowing Machine) -> Text? {
    do throws(Errno) {
      guard let source = try wait(for: name, machine) else { return Text("is not there after ") + Text(decimal: settings.timeoutSeconds) + " s" }
      if machine.isReadOnly(source) { return "is read-only" }
      let use = try DeviceUse(name, at: source, settings)
      if case .refuse(let sentence) = use { return sentence }
      let store = StorePlan(source, use, settings, over: facts.mountInfo).steps
      return execute(store) ?? mountLayers(on: store, facts, machine)
    } catch {
      return error == .notUnique ? "is the name of more than one device" : Text("cannot be used: ") + error.text
    }
  }

  /// The upper that is on the store, as it is or anew.
  private func mountLayers(on store: [Step], _ facts: borrowing BootFacts, _ machine: borrowing Machine) -> Text? {
    let lower = LowerIdentity(facts, machine)
    let directory = settings.layersDirectory(over: lower)
    let found = StoreFacts(in: directory, over: lower, machine)
    let use = UpperUse(found, settings, isReset: settings.resets || facts.isFactoryReset, isCounted: isCounted)
    if case .asItIsAlthough(let sentence) = use { say(Remark(.warning, sentence)) }
    if case .anew(let reason) = use { say(Remark(.notice, Text("Starting with an empty upper: ") + reason)) }
    let layers = LayerPlan(found, use, settings, isCounted: isCounted).steps
    var failure = execute(layers)
    if case .leftOut(let reason) = use, failure == nil { failure = Text("is left out: ") + reason }
    if let failure {
      store.takeBack(on: &kernel, before: &story)
      return failure
    }
    if isCounted {
      machine.link("/run/preroot/attempts", to: directory + "/attempts", log)
      machine.keep("/run/preroot/target", target + "\n", log)
    }
    return mountOverlay(settings, on: store, in: directory, facts)
  }

  private func mountOverlay(_ settings: Settings, on store: [Step], in directory: Text, _ facts: borrowing BootFacts) -> Text? {
    let plan = OverlayPlan(settings, in: directory, over: facts.mountInfo, machineID: reading.machineID)
    guard let failure = plan.execute(on: &kernel, before: &story) else {
      sayRemarks()
      return nil
    }
    store.takeBack(on: &kernel, before: &story)
    return sentence(failure)
  }

  /// What the settings want where the upper that they ask for cannot be had.
  func fallBack(_ outcome: inout Outcome, _ failure: Text, _ facts: borrowing BootFacts) {
    outcome.failure = failure
    switch settings.fallback {
    case .tmpfs:
      say(Remark(.error, failure + "; falling back to a tmpfs"))
      if let second = mount(TmpfsOptions(), facts) {
        outcome.failure = failure + ", and a tmpfs " + second
      } else {
        outcome.upper = .standard
        outcome.status = ExitStatus.fallback
      }
    case .readOnly: break
    case .emergency: outcome.target = "emergency.target"
    case .reboot: outcome.target = "reboot.target"
    }
  }

  /// Does all the steps or none of them.
  private func execute(_ steps: [Step]) -> Text? {
    if let failure = steps.execute(on: &kernel, before: &story) { return sentence(failure) }
    sayRemarks()
    return nil
  }

  private func sentence(_ failure: StepRecord) -> Text {
    // What the program itself had to say, where it was one that failed.
    let complaint = kernel.remarks.last { $0.priority == .error }
    sayRemarks()
    var sentence = failure.text
    if let advice = failure.advice ?? complaint?.text { sentence.append("; " + advice) }
    return sentence
  }

  private func sayRemarks() {
    for remark in kernel.remarks { say(remark) }
    kernel.remarks = []
  }

  private func say(_ remark: Remark) {
    log.say(remark)
    story.tell([remark], as: .upper)
  }

  // MARK: The device

  /// Looks for the device until it is there or the time is over. udev does not run, but the kernel tells what comes.
  private func wait(for name: DeviceName, _ machine: borrowing Machine) throws(Errno) -> Text? {
    let uevents = try Uevents()
    let end = kernel.microseconds + settings.timeoutSeconds * 1_000_000
    var isTold = false
    while true {
      if let source = try look(for: name, machine) { return source }
      let rest = end - kernel.microseconds
      if rest <= 0 { return nil }
      if !isTold { say(Remark(.info, Text("Waiting for ") + name.text)) }
      isTold = true
      // Not all that can change is an event: a medium in its drive, a volume on its way.
      try uevents.wait(microseconds: min(rest, 500_000))
    }
  }

  private func look(for name: DeviceName, _ machine: borrowing Machine) throws(Errno) -> Text? {
    if let source = try BlockDevice.find(name, on: machine) { return source }
    guard name.kind == .ubi else { return nil }
    do throws(Errno) { try Ubi.attach(name.number, on: machine) } catch {
      // Its MTD may still come.
      guard error == .noSuchDevice else { throw error }
      return nil
    }
    return try BlockDevice.find(name, on: machine)
  }
}

extension Machine {
  /// Whether the kernel lets nobody write to the block device; flash has no such word.
  fileprivate borrowing func isReadOnly(_ device: Text) -> Bool {
    contents(Text("/sys/class/block/") + device.fileName + "/ro")?.hasPrefix("1") == true
  }
}

extension StepRecord {
  var text: Text {
    @inline(never) get {
      guard let errno else { return step.text + ": " + Text(decimal: microseconds) + " us" }
      return Text("failed to ") + step.text + ": " + errno.text
    }
  }
}

extension Story: Witness {
  @inline(never) mutating func hear(_ record: StepRecord) {
    let remark = Remark(record.errno == nil ? .debug : .warning, record.text)
    tell(step: record.step.text, remark, at: record.startedAtMicroseconds, for: record.microseconds)
  }
}
