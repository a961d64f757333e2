// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Mounts the overlay and continues the boot: the inputs of both, and their report.
struct Preparation: ~Copyable {
  let facts: BootFacts
  /// The root before the pivot.
  let image: Machine
  let settings: Settings
  let hold: Hold
  /// The target of the boot.
  let target: Text
  let firstReading: FirstReading
  /// Whether systemd has not started yet, so that it has cached nothing.
  let isFirstProcess: Bool
  let startedAtMicroseconds: Int64
  var report: Report
  var kernel = LinuxKernel()
  /// Why each lost part of the request is lost.
  private var lost: [Text] = []
  /// With `Commit=on-demand`, the directory that `preroot commit` writes to; nil if there is none.
  private(set) var commitDirectory: Text?
  /// The identity of the image that a commit is made over.
  private(set) var imageIdentity: Text?

  init(_ facts: consuming BootFacts, of image: consuming Machine, bootingTo target: Text, isFirstProcess: Bool, _ report: Report) {
    let asked = Settings(facts.assignments)
    let conflicts = MountConflict.all(asked, on: image)
    settings = asked.without(conflicts)
    hold = Hold(for: facts)
    firstReading = FirstReading(of: image, facts)
    self.facts = facts
    self.image = image
    self.target = target
    self.isFirstProcess = isFirstProcess
    self.report = report
    startedAtMicroseconds = LinuxKernel().microseconds
    // The generator has logged these to the kernel log.
    for remark in self.facts.request.remarks { report.record(remark, as: .remark) }
    for remark in settings.remarks { report.say(remark, as: .remark) }
    for conflict in conflicts { lose(conflict.text) }
  }

  /// Mounts the requested overlay, or undoes its steps and falls back.
  mutating func makeWritable() -> Outcome {
    var outcome = Outcome(target: target)
    if settings.scope == .directories([]) {
      outcome.status = .readOnly
      outcome.failure = "every directory of Scope= failed"
      return outcome
    }
    do throws(Failure) {
      switch settings.upper {
      case .tmpfs(let options): try mountOverlay(on: options)
      case .device(let name): try mountOverlay(on: name)
      case .unreadable(let word): throw Failure(word + " " + (settings.upper.unavailability ?? Text()))
      }
      outcome.upper = settings.upper
      if !lost.isEmpty { outcome.status = .partly }
    } catch {
      outcome.status = .readOnly
      outcome.failure = error.sentence
      lost = []
      if settings.upper.isPersistent { fallBack(&outcome, error) }
    }
    outcome.lost = lost
    return outcome
  }

  /// Applies Fallback=.
  private mutating func fallBack(_ outcome: inout Outcome, _ failure: Failure) {
    switch settings.fallback {
    case .tmpfs:
      report.say(.error, failure.sentence + "; falling back to a tmpfs")
      do throws(Failure) {
        try mountOverlay(on: TmpfsOptions())
        outcome.upper = .standard
        outcome.status = .fallback
      } catch {
        outcome.failure = failure.sentence + ", and a tmpfs " + error.sentence
      }
    case .readOnly: break
    case .emergency: outcome.target = "emergency.target"
    case .reboot: outcome.target = "reboot.target"
    }
  }

  // MARK: The two kinds of uppers

  private mutating func mountOverlay(on options: TmpfsOptions) throws(Failure) {
    let store = StorePlan(options, over: facts.mountInfo).steps
    var settings = settings
    // The directories past the overlay may not fit into memory, and are not meant for it.
    if settings.upper.isPersistent { settings.binds = [] }
    settings.upper = .tmpfs(options)
    settings.memory = nil
    try execute(store)
    try mountOverlay(settings, on: store, in: Paths.store)
  }

  private mutating func mountOverlay(on name: DeviceName) throws(Failure) {
    do throws(Failure) {
      let (device, others, tail) = try find(name)
      var opening = tail?.opening(as: device) ?? []
      try execute(opening)
      do throws(Failure) {
        let encryption = try encryptedUse(of: device)
        let unlocking = encryption.map { StorePlan.opening(device, $0, settings) } ?? []
        try execute(unlocking)
        opening += unlocking
        let source = encryption == nil ? device : Paths.mapping
        let store = StorePlan(source, try use(of: name, at: source, encryption), settings, over: facts.mountInfo).steps + (tail?.closing ?? [])
        // fsck may take long enough for another device to appear.
        let place = store.firstIndex { $0.verb == .mountDevice } ?? 0
        let beforeMount = Array(store[..<place])
        try execute(beforeMount)
        lookAgain(for: name, at: device, others: others)
        do throws(Failure) { try execute(Array(store[place...])) } catch {
          beforeMount.takeBack(on: &kernel, before: &report)
          throw error
        }
        try mountOverlay(on: store)
      } catch {
        opening.takeBack(on: &kernel, before: &report)
        throw error
      }
    } catch { throw Failure(name.text + " " + error.sentence) }
  }

  /// Mounts the overlay with the store's layers, or with empty ones.
  private mutating func mountOverlay(on store: [Step]) throws(Failure) {
    let lower = LowerIdentity(facts, image)
    let directory = settings.layersDirectory(over: lower)
    // A new file system has nothing to compare with or to reset.
    let found = settings.isPersistent ? StoreFacts(in: directory, over: lower) : StoreFacts(in: directory)
    for remark in found.remarks { report.say(remark) }
    let isCounted = settings.counts(bootTo: target, with: found)
    let use = settings.isPersistent ? UpperUse(found, settings, isReset: settings.resets || facts.isFactoryReset, isCounted: isCounted) : .asItIs
    if case .asItIsAlthough(let sentence) = use { report.say(.warning, sentence) }
    if case .anew(let reason) = use { report.say(.notice, Text("Starting with an empty upper: ") + reason) }
    do throws(Failure) {
      try execute(LayerPlan(found, use, settings, isCounted: isCounted).steps)
      if case .leftOut(let reason) = use { throw Failure(Text("is left out: ") + reason) }
    } catch {
      store.takeBack(on: &kernel, before: &report)
      throw error
    }
    if isCounted {
      image.link(Paths.attempts, to: directory + "/attempts", report)
      image.keep(Paths.target, target + "\n", report)
    }
    if settings.memory != nil {
      commitDirectory = directory
      imageIdentity = lower?.text
    }
    try mountOverlay(settings, on: store, in: directory)
  }

  private mutating func mountOverlay(_ settings: Settings, on store: [Step], in directory: Text) throws(Failure) {
    let conflicts = MountConflict.all(settings, on: image, upperTables(in: directory))
    for conflict in conflicts { lose(conflict.text) }
    let settings = settings.without(conflicts)
    if settings.scope.paths.isEmpty {
      store.takeBack(on: &kernel, before: &report)
      throw Failure(Text(joining: lost, separator: "; "))
    }
    let committed = settings.memory == nil ? [] : StoreFacts(in: directory, over: nil).committed(in: settings.scope)
    let plan = OverlayPlan(settings, in: directory, committed: committed, over: facts.mountInfo, machineID: isFirstProcess ? nil : firstReading.machineID)
    let execution = plan.execute(on: &kernel, before: &report)
    if let step = execution.failure {
      store.takeBack(on: &kernel, before: &report)
      throw failure(of: step)
    }
    lose(execution.losses)
  }

  /// Returns the upper's /etc/fstab, if systemd will read it.
  private func upperTables(in directory: Text) -> [FileSystemTable] {
    guard settings.scope.covers("/etc"), let table = FileSystemTable(ofUpperIn: directory) else { return [] }
    return [table]
  }

  /// Executes all steps or none.
  private mutating func execute(_ steps: [Step]) throws(Failure) {
    let execution = steps.execute(on: &kernel, before: &report)
    if let step = execution.failure { throw failure(of: step) }
    lose(execution.losses)
  }

  /// Reports the lost parts of a request whose rest succeeded.
  private mutating func lose(_ losses: [StepRecord]) {
    for step in losses { lose(step.step.part + " is lost: " + failure(of: step).sentence) }
    sayRemarks()
  }

  private mutating func lose(_ sentence: Text) {
    report.say(.error, sentence)
    lost.add(sentence)
  }

  private mutating func failure(of step: StepRecord) -> Failure {
    sayRemarks()
    var sentence = step.text
    if let advice = step.advice ?? step.complaint { sentence.append("; " + advice) }
    return Failure(sentence)
  }

  private mutating func sayRemarks() {
    for remark in kernel.remarks { report.say(remark) }
    kernel.remarks = []
  }
}

/// Why an upper, or the overlay on it, is unavailable: half a sentence that follows its name.
struct Failure: Error {
  var sentence: Text

  init(_ sentence: Text) { self.sentence = sentence }
}
