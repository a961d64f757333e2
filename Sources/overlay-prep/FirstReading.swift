// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootManager
import PrerootSystem

/// The facts that PID 1 has read from the read-only root and cached.
struct FirstReading {
  let machineID: RunningID
  let hostname: Hostname
  /// Whether systemd.hostname= sets the host name.
  let isHostnameFixed: Bool

  init(of machine: borrowing Machine, _ facts: borrowing BootFacts) {
    machineID = RunningID(machine, isFromCommandLine: facts.commandLine.names("systemd.machine_id"))
    hostname = Hostname(machine.contents("/etc/hostname"))
    isHostnameFixed = facts.commandLine.names("systemd.hostname")
  }

  /// Returns the differences between these facts and the overlay.
  func changes(on machine: borrowing Machine, _ mounts: MountInfo) -> OverlayChanges {
    var changes = OverlayChanges()
    changes.machineIDBefore = machineID.text
    if case .valid(let id) = MachineID(machine.contents("/etc/machine-id")) { changes.machineID = id }
    changes.wasFirstBoot = machine.exists(Paths.firstBoot)
    if let mount = mounts.entries.last(where: { $0.isMachineID }) {
      changes.isFirstBoot = mounts.parent(of: mount)?.isOverlayOfPreroot == true
      // The mount is on the lower, which is still visible: PID 1 has seen everything there.
      if !changes.isFirstBoot { changes.wasFirstBoot = false }
    }
    if let program = machine.target(ofLink: "/proc/1/exe") {
      for overlay in mounts.overlays where overlay.mountPoint == "/" || program.isWithin(overlay.mountPoint) {
        let end = overlay.mountPoint == "/" ? program : program.dropFirst(overlay.mountPoint.count)
        if let upper = overlay.upperDirectory, machine.exists(upper + end) { changes.hasOtherManager = true }
      }
    }
    return changes
  }

  /// Sets the overlay's host name. PID 1 has set the lower's, and repeats that neither at a reload nor at a re-execution.
  func adoptHostname(of machine: borrowing Machine, _ report: Report) {
    let now = Hostname(machine.contents("/etc/hostname"))
    if isHostnameFixed || now == hostname { return }
    switch now {
    case .none, .pattern: break
    case .invalid(let text):
      report.say(.warning, Text("/etc/hostname of the overlay: '") + text + "' is not a valid host name, keeping the image's")
    case .name(let name):
      do throws(Errno) {
        try Hostname.set(name)
        // This file says that the name is not configured (systemd: hostname_update_source_hint()).
        try? machine.root.remove("run/systemd/default-hostname")
        report.say(.info, Text("Host name set to ") + name + ", from the overlay")
      } catch {
        report.say(.warning, "Cannot set the host name", error)
      }
    }
  }
}

extension RunningID {
  /// Reads the ID that PID 1 uses. If the image has no /etc/machine-id, PID 1 has none, and this generates one.
  init(_ machine: borrowing Machine, isFromCommandLine: Bool) {
    for path in Text("/etc/machine-id /run/machine-id").words {
      if case .valid(let id) = MachineID(machine.contents(path)) {
        self.init(id, isFromCommandLine: isFromCommandLine)
        return
      }
    }
    // systemd uses a random UUID, too. See random(4).
    self.init(Text(joining: machine.text("/proc/sys/kernel/random/uuid").trimmed.split(at: UInt8(ascii: "-")), separator: ""))
  }
}

extension KernelCommandLine {
  /// Returns whether a word gives `key` a value.
  fileprivate func names(_ key: Text) -> Bool {
    for word in words where word.isKey(key) && word.value != nil { return true }
    return false
  }
}
