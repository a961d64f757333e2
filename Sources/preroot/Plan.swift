// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Prints the next boot's decision, the units that the generator would write, and the steps that the helper would execute.
func plan(_ machine: borrowing Machine) throws(Complaint) -> ExitStatus {
  let boot = try attempt("Cannot open the image") { () throws(Errno) in try NextBoot(of: machine) }
  var text = Text()
  for line in outline(boot, on: machine).lines { text.append(line.escapedForTerminal + "\n") }
  try reply(text)
  return .success
}

/// Returns the plan; remarks begin with `#`.
private func outline(_ boot: borrowing NextBoot, on machine: borrowing Machine) -> Text {
  let mode = BootMode(for: boot.facts)
  var text = Text()
  if !boot.isRootKnown { text.comment("This image is not booted; assuming a squashfs root and an empty command line") }
  let isFirstProcess = boot.isFirstProcess
  for remark in boot.remarks(on: mode) { text.comment(remark.text) }
  guard case .staged(let target, _) = mode else { return text }
  let settings = Settings(boot.facts.assignments)
  for remark in settings.remarks { text.comment(remark.text) }

  if !isFirstProcess {
    text.comment("Units that preroot-generator writes:")
    text.append(UnitTree(for: mode, on: boot.facts).text)
  }
  text.comment(isFirstProcess ? "Steps of overlay-prep as PID 1:" : "Steps of overlay-prep:")
  text.append(store(settings, boot, on: machine))
  let lower = LowerIdentity(boot.facts, machine)
  let layers = settings.layersDirectory(over: lower)
  var committed: [Text] = []
  if settings.isPersistent {
    let found = StoreFacts(on: machine, in: layers, over: lower)
    let isCounted = settings.counts(bootTo: target, with: found)
    let use = UpperUse(found, settings, isReset: settings.resets || boot.facts.isFactoryReset, isCounted: isCounted)
    if let reason = use.reason { text.comment(reason) }
    text.append(LayerPlan(found, use, settings, isCounted: isCounted).steps.text)
    if case .anew = use {} else { committed = found.committed(in: settings.scope) }
  }
  text.append(OverlayPlan(settings, in: layers, committed: committed, over: boot.facts.mountInfo, machineID: isFirstProcess ? nil : RunningID(Text())).text)
  if isFirstProcess {
    text.comment(Text("Then PID 1 executes systemd, which goes on to ") + target)
    return text
  }
  switch Hold(for: boot.facts) {
  case .ordering: text.comment(Text("Then the units of ") + target + ", which have waited, start; systemd reloads when all have")
  case .condition(let need): text.comment(Text("Then systemd reloads, as ") + need.text + ", and goes on to " + target)
  }
  return text
}

extension NextBoot {
  /// Returns the log lines about the decision.
  @inline(never) func remarks(on mode: BootMode) -> [Remark] { mode.remarks(on: facts, by: isFirstProcess ? "overlay-prep" : "overlay-prep.service") }
}

/// Returns the steps that mount the upper, according to its device's current contents if they are readable.
private func store(_ settings: Settings, _ boot: borrowing NextBoot, on machine: borrowing Machine) -> Text {
  var text = Text()
  if let why = settings.upper.unavailability {
    text.comment(settings.upper.text + " " + why + "; preroot.fallback= says what happens then")
  }
  if case .device(let name) = settings.upper, let why = settings.crypt.unavailability(of: name) {
    text.comment(name.text + " " + why + "; preroot.fallback= says what happens then")
    return text
  }
  if boot.isRootKnown, case .device(let name) = settings.upper {
    do throws(Errno) {
      if settings.crypt != .no, let (device, use) = try CryptUse.now(of: name, settings, boot.facts, on: machine) {
        guard case .refuse(let sentence) = use else { return device.text(of: StorePlan(device.source, use, settings, over: boot.facts.mountInfo)) }
        text.comment(name.text + " " + sentence + "; preroot.fallback= says what happens then")
      } else if let (device, use) = try DeviceUse.now(of: name, settings, boot.facts, on: machine) {
        guard case .refuse(let sentence) = use else { return device.text(of: StorePlan(device.source, use, settings, over: boot.facts.mountInfo)) }
        text.comment(name.text + " " + sentence + "; preroot.fallback= says what happens then")
      } else {
        text.comment(name.text + " is not present; if it appears:")
      }
    } catch {
      text.comment(name.text + " cannot be probed: " + error.text + "; if it holds what is expected:")
    }
  }
  text.append(StorePlan(settings, over: boot.facts.mountInfo).steps.text)
  return text
}

/// The upper's device, as a boot would find it now.
struct FoundDevice {
  /// The source for mount(2).
  let source: Text
  /// The part of another device that the source stands for.
  private(set) var tail: Tail?
  /// Why the boot would not use it: half a sentence.
  private var refusal: Text?

  /// Returns nil if the device is not present.
  fileprivate init?(_ name: DeviceName, _ settings: Settings, _ facts: borrowing BootFacts, on machine: borrowing Machine) throws(Errno) {
    if name.kind == .tail {
      source = StorePlan.loop
      switch TailUse(try RootDevice(facts, on: machine), settings) {
      case .open(let tail): self.tail = tail
      case .refuse(let sentence): refusal = sentence
      }
    } else {
      guard let path = try BlockDevice.find(
        name, type: settings.fileSystemType, rootDevice: facts.mountInfo.root?.majorMinor ?? Text(), isEncrypted: settings.crypt.isLUKS, on: machine) else { return nil }
      source = path
    }
  }

  /// Returns how a boot would use it.
  fileprivate func use(_ name: DeviceName, _ settings: Settings, on machine: borrowing Machine) throws(Errno) -> DeviceUse {
    if let refusal { return .refuse(refusal) }
    guard let tail else { return try DeviceUse(name, at: source, settings, on: machine) }
    return tail.isInsideOlder ? DeviceUse(name, .blank, settings) : try DeviceUse(name, at: tail.device, within: tail.extent, settings, on: machine)
  }

  /// Returns how a boot would use it if it is encrypted.
  fileprivate func encryptedUse(_ settings: Settings) throws(Errno) -> CryptUse {
    if let refusal { return .refuse(refusal) }
    guard let tail else { return try CryptUse(at: source, settings) }
    return tail.isInsideOlder ? CryptUse(.blank, settings) : try CryptUse(at: tail.device, within: tail.extent, settings)
  }

  /// Where it is.
  var text: Text { tail?.text ?? source }

  /// Returns a plan for the source, and what precedes and follows it.
  fileprivate func text(of plan: StorePlan) -> Text { ((tail?.opening(as: source) ?? []) + plan.steps + (tail?.closing ?? [])).text }
}

extension DeviceUse {
  /// Returns the device and what a boot would do with it now; nil if the device is not present.
  static func now(of name: DeviceName, _ settings: Settings, _ facts: borrowing BootFacts, on machine: borrowing Machine) throws(Errno) -> (device: FoundDevice, use: DeviceUse)? {
    guard let device = try FoundDevice(name, settings, facts, on: machine) else { return nil }
    return (device, try device.use(name, settings, on: machine))
  }
}

extension CryptUse {
  /// Returns the encrypted device and what a boot would do with it now; nil if the device is not present.
  static func now(of name: DeviceName, _ settings: Settings, _ facts: borrowing BootFacts, on machine: borrowing Machine) throws(Errno) -> (device: FoundDevice, use: CryptUse)? {
    guard let device = try FoundDevice(name, settings, facts, on: machine) else { return nil }
    return (device, try device.encryptedUse(settings))
  }
}

extension StoreFacts {
  /// Reads the facts as the next boot will find them if the upper is in use now; else assumes an empty upper.
  fileprivate init(on machine: borrowing Machine, in layers: Text, over lower: LowerIdentity?) {
    let mounts = machine.mounts(of: "self")
    if let overlay = mounts.overlays.first, machine.layers(of: overlay) == layers {
      self.init(in: layers, over: lower)
    } else {
      self.init(in: layers)
    }
  }
}

extension UpperUse {
  fileprivate var reason: Text? {
    switch self {
    case .asItIs: nil
    case .asItIsAlthough(let sentence): sentence
    case .anew(let reason): Text("The existing upper is set aside: ") + reason
    case .leftOut(let reason): Text("The upper is left out: ") + reason
    }
  }
}

extension Text {
  @inline(never) fileprivate mutating func comment(_ line: Text) { append(Text("# ") + line.escapedForTerminal + "\n") }
}
