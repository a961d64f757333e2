import PrerootCore
import PrerootSystem

extension Preparation {
  /// Waits for the device and looks what is on it.
  ///
  /// - Returns: what mount(2) takes for it, and what is done with it: never a refusal.
  func find(_ name: DeviceName) throws(Failure) -> (source: Text, use: DeviceUse) {
    guard let source = try attempt({ () throws(Errno) in try wait(for: name) }) else {
      throw Failure(Text("is not there after ") + Text(decimal: settings.timeoutSeconds) + " s")
    }
    if image.isReadOnly(source) { throw Failure("is read-only") }
    let use = try attempt { () throws(Errno) in try DeviceUse(name, at: source, settings) }
    if case .refuse(let sentence) = use { throw Failure(sentence) }
    return (source, use)
  }

  private func attempt<Result>(_ look: () throws(Errno) -> Result) throws(Failure) -> Result {
    do throws(Errno) { return try look() } catch {
      throw Failure(error == .notUnique ? "is the name of more than one device" : Text("cannot be used: ") + error.text)
    }
  }

  /// Looks for the device until it is there or the time is over. udev does not run, but the kernel tells what comes.
  private func wait(for name: DeviceName) throws(Errno) -> Text? {
    let uevents = try Uevents()
    let end = kernel.microseconds + Int64(settings.timeoutSeconds) * 1_000_000
    var isTold = false
    while true {
      if let source = try look(for: name) { return source }
      let rest = end - kernel.microseconds
      if rest <= 0 { return nil }
      if !isTold { report.say(.info, Text("Waiting for ") + name.text) }
      isTold = true
      // Not all that can change is an event: a medium in its drive, a volume on its way.
      try uevents.wait(microseconds: min(rest, 500_000))
    }
  }

  private func look(for name: DeviceName) throws(Errno) -> Text? {
    if let source = try BlockDevice.find(name, on: image) { return source }
    guard name.kind == .ubi else { return nil }
    do throws(Errno) { try Ubi.attach(name.number, on: image) } catch {
      // Its MTD may still come.
      guard error == .noSuchDevice else { throw error }
      return nil
    }
    return try BlockDevice.find(name, on: image)
  }
}

extension Machine {
  /// Whether the kernel lets nobody write to the block device; flash has no such word.
  fileprivate borrowing func isReadOnly(_ device: Text) -> Bool {
    contents(Text("/sys/class/block/") + device.fileName + "/ro")?.hasPrefix("1") == true
  }
}
