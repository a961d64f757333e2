// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

extension Preparation {
  /// Waits for the device.
  ///
  /// - Returns: the source for mount(2), the number of other devices with the name, and where the source is attached, if it has to be.
  func find(_ name: DeviceName) throws(Failure) -> (source: Text, others: Int, tail: Tail?) {
    if let sentence = settings.crypt.unavailability(of: name) { throw Failure(sentence) }
    if name.kind == .tail { return try findTail() }
    let choice = try attempt { () throws(Errno) in try wait(for: name) }
    guard let source = choice.device else {
      throw Failure(choice.sentence ?? Text("did not appear within ") + Text(decimal: settings.timeoutSeconds) + " s")
    }
    warn(of: choice, name)
    if image.isReadOnly(device: Text("/sys/class/block/") + source.fileName) { throw Failure("is read-only") }
    return (source, choice.others.count, nil)
  }

  /// Needs no waiting: the root is mounted from there.
  private func findTail() throws(Failure) -> (source: Text, others: Int, tail: Tail?) {
    let use = try attempt { () throws(Errno) in TailUse(try RootDevice(facts, on: image), settings) }
    switch use {
    case .refuse(let sentence): throw Failure(sentence)
    case .open(let tail):
      // Nothing else takes one meanwhile.
      do throws(Errno) { return (try LoopDevice.free(), 0, tail) } catch {
        throw Failure("needs loop devices, which the kernel lacks: build it with CONFIG_BLK_DEV_LOOP=y, or put its module 'loop' into the image")
      }
    }
  }

  /// Returns how to use the device: never a refusal; nil if it is not encrypted.
  func encryptedUse(of device: Text) throws(Failure) -> CryptUse? {
    if settings.crypt == .no { return nil }
    let use = try attempt { () throws(Errno) in try CryptUse(at: device, settings) }
    if case .refuse(let sentence) = use { throw Failure(sentence) }
    return use
  }

  /// Probes the device, or what it holds once it is open.
  ///
  /// - Returns: how to use it: never a refusal.
  func use(of name: DeviceName, at source: Text, _ encryption: CryptUse?) throws(Failure) -> DeviceUse {
    let use = encryption?.givesNewKey(settings) == true ? DeviceUse.format(type: settings.newFileSystemType) : try attempt { () throws(Errno) in try DeviceUse(name, at: source, settings, on: image) }
    if case .refuse(let sentence) = use { throw Failure(sentence) }
    return use
  }

  private func attempt<Result>(_ look: () throws(Errno) -> Result) throws(Failure) -> Result {
    do throws(Errno) { return try look() } catch {
      throw Failure(error == .notUnique ? "matches more than one device" : Text("cannot be used: ") + error.text)
    }
  }

  /// Waits until the device exists or the time is over. udev does not run, but the kernel sends events.
  private func wait(for name: DeviceName) throws(Errno) -> DeviceChoice {
    let uevents = try Uevents()
    let end = kernel.microseconds + Int64(settings.timeoutSeconds) * 1_000_000
    var isTold = false
    while true {
      let choice = try look(for: name), rest = end - kernel.microseconds
      if choice.device != nil || !choice.others.isEmpty || rest <= 0 { return choice }
      if !isTold { report.say(.info, Text("Waiting for ") + name.text) }
      isTold = true
      // Not every change sends an event, for example a medium in a drive, or a volume that is being set up.
      try uevents.wait(microseconds: min(rest, 500_000))
    }
  }

  @inline(never) private func look(for name: DeviceName) throws(Errno) -> DeviceChoice {
    let choice = try choose(name)
    guard name.kind == .ubi, choice.device == nil else { return choice }
    do throws(Errno) { try Ubi.attach(name.number, on: image) } catch {
      // The MTD may still appear.
      guard error == .noSuchDevice else { throw error }
      return choice
    }
    return try choose(name)
  }

  @inline(never) private func choose(_ name: DeviceName) throws(Errno) -> DeviceChoice {
    try BlockDevice.choose(name, type: settings.fileSystemType, rootDevice: facts.mountInfo.root?.majorMinor ?? Text(), isEncrypted: settings.crypt.isLUKS, on: image)
  }

  /// Warns about other devices with the name that have appeared since the first look.
  func lookAgain(for name: DeviceName, at source: Text, others: Int) {
    do throws(Errno) {
      let choice = try choose(name).keeping(source)
      if choice.others.count > others { warn(of: choice, name) }
    } catch {
      // The chosen device exists; only the warning is lost.
      return
    }
  }

  private func warn(of choice: DeviceChoice, _ name: DeviceName) {
    if let sentence = choice.sentence { report.say(.warning, name.text + " " + sentence) }
  }
}
