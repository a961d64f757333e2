// SPDX-License-Identifier: MIT
extension Assignments {
  /// Adds the settings on the kernel command line. Call this last: the command line overrides every file.
  public mutating func add(_ commandLine: KernelCommandLine) {
    for word in commandLine.words { add(word: word) }
  }

  private mutating func add(word: KernelCommandLine.Word) {
    let origin = Text("Kernel command line: ") + word.key + "="
    if word.isKey("preroot") { return addShort(word.value, origin) }
    if word.isKey("overlayroot") { return addOverlayroot(word.value, origin) }
    guard word.hasKeyPrefix("preroot") else { return }
    guard let name = word.key.dropping(prefix: "preroot."), let setting = Setting(key: name) else { return remarks.add(.warning, origin + Self.unknown) }
    // `preroot.reset` alone means yes: its name says everything. `preroot.crypt` alone does not say how: it must not count as absent.
    guard let value = word.value ?? (setting == .reset || setting == .crypt ? "yes" : nil) else { return remarks.add(.warning, origin + " has no value, ignoring") }
    add(setting, value, origin, isFromCommandLine: true)
  }

  /// Reads `preroot`, `preroot=no` or `preroot=tmpfs:size=…`: whether to make the root writable, or where its changes go.
  private mutating func addShort(_ value: Text?, _ origin: Text) {
    let value = value ?? "yes"
    if Enable(value) != nil {
      add(.enable, value, origin, isFromCommandLine: true)
    } else if Upper.isMeant(by: value) {
      addUpper(value, value, origin)
    } else {
      refuse(origin, value, "is not understood (no, auto, yes, tmpfs, /dev/..., LABEL=...), ignoring")
    }
  }

  /// Naming an upper enables preroot. A tag without a name enables nothing: it is most likely an accident.
  private mutating func addUpper(_ upper: Text, _ value: Text, _ origin: Text) {
    add(.upper, upper, origin, isFromCommandLine: true)
    if Upper.isUnnamed(value) {
      refuse(origin, value, "names no device, so it enables nothing")
    } else {
      add(.enable, "yes", origin, isFromCommandLine: true)
    }
  }

  @inline(never) private mutating func refuse(_ origin: Text, _ value: Text, _ what: Text) {
    unread = origin + "'" + value + "'"
    remarks.reject(origin, value, what)
  }

  /// Translates overlayroot's syntax as far as preroot has the same meaning for it.
  private mutating func addOverlayroot(_ value: Text?, _ origin: Text) {
    guard let value else { return remarks.add(.warning, origin + " has no value, ignoring") }
    if value.isEmpty || value == "disabled" {
      remarks.add(.notice, origin + " is understood as preroot=no")
      add(.enable, "no", origin, isFromCommandLine: true)
    } else if value == "tmpfs" || value.hasPrefix("tmpfs:") {
      remarks.add(.notice, origin + " is understood as preroot, its own options are ignored")
      add(.enable, "yes", origin, isFromCommandLine: true)
    } else if Upper.isDeviceMeant(by: value) {
      // overlayroot keeps its layers elsewhere on the device and has other options. So the device is not used, and a tmpfs is no substitute.
      remarks.reject(origin, value, "is overlayroot's syntax for a device; use preroot=")
      addUpper(Text("overlayroot=") + value, value, origin)
    } else {
      refuse(origin, value, "is not understood, ignoring; use preroot=")
    }
  }
}
