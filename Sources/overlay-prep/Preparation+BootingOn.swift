// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootManager
import PrerootSystem

extension Preparation {
  /// Records that units wait for this service, for a reload meanwhile and for a second start of the service.
  func begin() {
    if hold == .ordering { image.keep(Paths.begun, (facts.mountInfo.root?.majorMinor ?? Text()) + "\n", report) }
  }

  /// Continues the boot: lets the waiting jobs run, or makes PID 1 load the units of the current root and start the target.
  ///
  /// - Returns: false if the helper cannot do that.
  func bootOn(to target: Text) -> Bool {
    do throws(Errno) {
      // The root may have changed.
      return bootOn(to: target, on: try Machine(at: "/"))
    } catch {
      report.say(.error, "Cannot open /", error)
      return false
    }
  }

  /// Lets the waiting jobs run, which do the rest. They wait until this service has ended.
  private func letGo(_ target: Text, on machine: borrowing Machine) {
    report.say(.info, Text("Continuing to ") + target + " without a reload, because the overlay starts empty")
    leaveToSecondStage(on: machine, machine.mounts())
    try? machine.root.remove(Paths.begun.asRelative)
  }

  /// Writes the files that end stage 1 and that stage 2 reads.
  @inline(never) func leaveToSecondStage(on machine: borrowing Machine, _ mounts: MountInfo) {
    machine.keep(Paths.ready, (mounts.root?.majorMinor ?? Text()) + "\n", report)
    machine.keep(Paths.events, report.events, report)
  }

  private func bootOn(to target: Text, on machine: borrowing Machine) -> Bool {
    guard case .condition(let need) = hold else {
      letGo(target, on: machine)
      return true
    }
    do throws(ServiceManager.Refusal) {
      // Keep the connection until PID 1 has answered: if the helper exits earlier, the boot ends in stage 1.
      var manager = try ServiceManager()
      firstReading.adoptHostname(of: machine, report)
      let mounts = machine.mounts()
      let changes = firstReading.changes(on: machine, mounts)
      advance(&manager, Advance(settings.switchMode, over: changes, as: need), over: changes, on: machine)
      advanceClock()
      // Not before the reload: PID 1's queue may still contain jobs that wait for this file.
      leaveToSecondStage(on: machine, mounts)
      if manager.isInEmergency {
        report.say(.notice, "emergency.target was requested; 'systemctl default' continues the boot")
        return true
      }
      return start(target, manager) || startAnything(on: machine, manager)
    } catch {
      report.say(.error, Text("Cannot reach PID 1: ") + error.sentence)
      return false
    }
  }

  @inline(never) private func start(_ target: Text, _ manager: borrowing ServiceManager) -> Bool {
    do throws(ServiceManager.Refusal) {
      try manager.startAsInit(target)
      report.say(.info, Text("Continuing to ") + target)
      return true
    } catch {
      report.say(.error, Text("Cannot continue to ") + target + ": " + error.sentence)
      return false
    }
  }

  /// Tries the target of the default.target link, then targets that every systemd has.
  private func startAnything(on machine: borrowing Machine, _ manager: borrowing ServiceManager) -> Bool {
    for link in Text("/etc/systemd/system/default.target /usr/lib/systemd/system/default.target").words {
      if let path = machine.target(ofLink: link), start(path.fileName, manager) { return true }
    }
    for target in Text("multi-user.target rescue.target emergency.target").words where start(target, manager) { return true }
    return false
  }

  /// Sets the clock forward to the last known time, for a machine without a battery-backed clock. systemd sets it to the time of this file,
  /// too, but only when it starts or re-executes (systemd: clock_apply_epoch()), and it has used the image's file.
  private func advanceClock() {
    guard facts.containerName == nil, settings.scope.covers("/var/lib/systemd/timesync") else { return }
    let now = Clock.seconds
    var latest = now
    for path in Text("/var/lib/systemd/timesync/clock /var/lib/private/systemd/timesync/clock").words {
      do throws(Errno) { latest = max(latest, try FileStatus(of: path).modifiedNanoseconds / 1_000_000_000) } catch { continue }
    }
    if latest == now { return }
    do throws(Errno) {
      try Clock.set(toSeconds: latest)
      report.say(.notice, Text("Set the clock forward by ") + Text(decimal: latest - now) + " s, to the time in /var/lib/systemd/timesync/clock")
    } catch {
      report.say(.warning, "Cannot set the clock", error)
    }
  }

  // MARK: Reload or re-execution

  /// Makes PID 1 reload or re-execute.
  ///
  /// If PID 1 refuses both, the boot continues with the lower's units, and without the masks, because their condition will be met.
  private func advance(_ manager: inout ServiceManager, _ way: Advance, over changes: OverlayChanges, on machine: borrowing Machine) {
    var advance = way
    let runSize = growRun()
    if changes.isFirstBoot, !advance.isReexecution { completeFirstBoot(manager) }
    for _ in 1...3 {
      let start = kernel.microseconds
      do throws(ServiceManager.Refusal) {
        // Other units that the image starts with default.target are still in the queue, and would start once the masks disappear.
        // Isolation removes them silently; cancelling their jobs would fail the jobs that depend on them. PID 1 refuses the
        // isolation during shutdown.
        if !manager.isInEmergency { try? manager.start("preroot-stage1.target", .isolate) }
        if advance.isReexecution {
          try reexecute(&manager, over: changes)
        } else {
          try manager.reload()
          // PID 1 would still consider this the first boot that it saw on the lower.
          if changes.wasFirstBoot, !changes.isFirstBoot { try? machine.root.remove(Paths.firstBoot.asRelative) }
        }
        let duration = kernel.microseconds - start
        let what: Text = advance.isReexecution ? "systemd re-executed (" : "systemd reloaded ("
        let remark = Remark(.info, what + advance.reason + "): " + Text(decimal: duration / 1000) + " ms")
        report.say(remark, Event(step: advance.isReexecution ? "reexec" : "reload", remark, at: start, for: duration))
        break
      } catch {
        report.say(.error, (advance.isReexecution ? "PID 1 refuses to re-execute: " : "PID 1 refuses to reload: ") as Text + error.sentence)
        advance.isReexecution = false
      }
    }
    RunSpace.restore(runSize)
  }

  /// Does PID 1's work of a first boot, which was not possible on the lower.
  private func completeFirstBoot(_ manager: borrowing ServiceManager) {
    do throws(ServiceManager.Refusal) { try manager.presetAll() } catch {
      report.say(.warning, Text("Cannot preset the units for the first boot: ") + error.sentence)
    }
  }

  /// Re-executes PID 1, and returns once it answers again. PID 1 unlinks its socket and binds a new one, so for a moment there is none.
  private func reexecute(_ manager: inout ServiceManager, over changes: OverlayChanges) throws(ServiceManager.Refusal) {
    // PID 1 recognizes a first boot by the file, which the mounted ID hides.
    if changes.isFirstBoot { kernel.unmountMachineID(in: Text()) }
    defer {
      if changes.isFirstBoot {
        do throws(Errno) { try kernel.mountMachineID(in: Text()) } catch { report.say(.error, "Cannot mount the machine ID again", error) }
      }
    }
    try manager.reexecute()
    let end = kernel.microseconds + TimeLimit.reexecution.microseconds
    repeat {
      if manager.reconnect() { return }
      LinuxKernel.sleep(microseconds: 20_000)
    } while kernel.microseconds < end
    throw ServiceManager.Refusal(Text(), .timedOut)
  }

  /// - Returns: the old size of /run, to restore afterwards; nil if it is unchanged.
  private func growRun() -> Int64? {
    do throws(Errno) {
      let size = try RunSpace.grow()
      if size != nil { report.say(.info, "Enlarged /run while systemd reloads") }
      return size
    } catch {
      report.say(.warning, "Cannot enlarge /run", error)
      return nil
    }
  }
}

extension RunSpace {
  /// Enlarges /run if PID 1 would refuse to reload.
  ///
  /// - Returns: the old size, to restore afterwards; nil if it is large enough.
  static func grow() throws(Errno) -> Int64? {
    let space = try Space(of: "/run")
    guard let grown = RunSpace(total: space.totalBytes, free: space.freeBytes).grown else { return nil }
    try Space.resizeTmpfs(at: "/run", toBytes: grown)
    return space.totalBytes
  }

  /// Restores what `grow` returned. The limit of a tmpfs can always be lowered to its old value again.
  @inline(never) static func restore(_ size: Int64?) {
    if let size { try? Space.resizeTmpfs(at: "/run", toBytes: size) }
  }
}

extension ServiceManager {
  /// Whether someone has requested emergency.target: then the machine stays there.
  fileprivate var isInEmergency: Bool {
    borrowing get { do throws(Refusal) { return try isActive("emergency.target") } catch { return false } }
  }

  /// Starts the target as PID 1 starts its default target: isolates it, or replaces conflicting jobs if the target does not allow isolation
  /// (systemd: do_queue_default_job()).
  ///
  /// - Throws: also if the name still leads to stage 1, as after a refused reload.
  fileprivate borrowing func startAsInit(_ target: Text) throws(Refusal) {
    if try id(ofUnit: target) == "overlay-prep.target" { throw Refusal("It still leads to the first stage", .fileExists) }
    do throws(Refusal) {
      try start(target, .isolate)
    } catch {
      guard error.isNoIsolation else { throw error }
      try start(target, .replace)
    }
  }
}

extension ServiceManager.Refusal {
  var sentence: Text { answer.isEmpty ? errno.text : answer }
}
