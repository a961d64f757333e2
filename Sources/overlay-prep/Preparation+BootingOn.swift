// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootManager
import PrerootSystem

extension Preparation {
  /// Remembers that units wait for this service: for a reload meanwhile, and for a second start of it.
  func begin() {
    if hold == .ordering { image.keep(Paths.begun, (facts.mountInfo.root?.majorMinor ?? Text()) + "\n", report) }
  }

  /// Sends the boot on: the jobs that wait, or PID 1 with the units of the root as it is now.
  ///
  /// - Returns: false where that cannot be done from here.
  func bootOn(to target: Text) -> Bool {
    do throws(Errno) {
      // The root may be another one by now.
      return bootOn(to: target, on: try Machine(at: "/"))
    } catch {
      report.say(.error, "Cannot open /", error)
      return false
    }
  }

  /// The jobs that wait for this service do the rest: for as long as it runs, nothing else does.
  private func letGo(_ target: Text, on machine: borrowing Machine) {
    report.say(.info, Text("Continuing to ") + target + " without a reload, as the overlay begins empty")
    machine.keep(Paths.ready, (machine.mounts().root?.majorMinor ?? Text()) + "\n", report)
    machine.keep(Paths.events, report.events, report)
    try? machine.root.remove(Paths.begun.asRelative)
  }

  private func bootOn(to target: Text, on machine: borrowing Machine) -> Bool {
    guard case .condition(let need) = hold else {
      letGo(target, on: machine)
      return true
    }
    do throws(ServiceManager.Refusal) {
      // To be kept until PID 1 has answered: a helper gone before that ends the boot in stage 1.
      var manager = try ServiceManager()
      firstReading.adoptHostname(of: machine, report)
      let mounts = machine.mounts()
      let changes = firstReading.changes(on: machine, mounts)
      advance(&manager, Advance(settings.switchMode, over: changes, as: need), over: changes, on: machine)
      advanceClock()
      // Not before the reload: PID 1 may still hold jobs that wait for this.
      machine.keep(Paths.ready, (mounts.root?.majorMinor ?? Text()) + "\n", report)
      machine.keep(Paths.events, report.events, report)
      if manager.isInEmergency {
        report.say(.notice, "emergency.target was requested; 'systemctl default' continues the boot")
        return true
      }
      return start(target, manager) || startAnything(on: machine, manager)
    } catch {
      report.say(.error, "Cannot reach PID 1", error.errno)
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

  /// What default.target leads to, then what every systemd has.
  private func startAnything(on machine: borrowing Machine, _ manager: borrowing ServiceManager) -> Bool {
    for link in Text("/etc/systemd/system/default.target /usr/lib/systemd/system/default.target").words {
      if let path = machine.target(ofLink: link), start(path.fileName, manager) { return true }
    }
    for target in Text("multi-user.target rescue.target emergency.target").words where start(target, manager) { return true }
    return false
  }

  /// A machine without a battery-backed clock begins where it was last: systemd sets the clock forward to the time of this file, but only
  /// when it starts or re-executes (systemd: clock_apply_epoch()). It read the image's.
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

  /// Has PID 1 reload or re-execute.
  ///
  /// Where PID 1 refuses both, its units are those of the lower, and the boot goes on all the same: without the masks, as the condition
  /// that they hang on will be met.
  private func advance(_ manager: inout ServiceManager, _ way: Advance, over changes: OverlayChanges, on machine: borrowing Machine) {
    var advance = way
    let runSize = growRun()
    if changes.isFirstBoot, !advance.isReexecution { completeFirstBoot(manager) }
    for _ in 1...3 {
      let start = kernel.microseconds
      do throws(ServiceManager.Refusal) {
        // What else was to start with stage 1, as the image wants it with default.target, would do so once the masks are gone.
        // Isolation takes it out of the queue without a word; cancelling the jobs would fail those that depend on them. PID 1
        // refuses it during shutdown.
        if !manager.isInEmergency { try? manager.start("preroot-stage1.target", .isolate) }
        if advance.isReexecution {
          try reexecute(&manager, over: changes)
        } else {
          try manager.reload()
          // PID 1 would still take this boot for the first one that it saw on the lower.
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
    // A limit of a tmpfs can always be lowered again to what it was.
    if let runSize { try? Space.resizeTmpfs(at: "/run", toBytes: runSize) }
  }

  /// What PID 1 does in a first boot, and could not do on the lower.
  private func completeFirstBoot(_ manager: borrowing ServiceManager) {
    do throws(ServiceManager.Refusal) { try manager.presetAll() } catch {
      report.say(.warning, Text("Cannot preset the units for the first boot: ") + error.sentence)
    }
  }

  /// Returns once PID 1 answers again. It unlinks its socket and binds a new one, so there are moments when nobody listens.
  private func reexecute(_ manager: inout ServiceManager, over changes: OverlayChanges) throws(ServiceManager.Refusal) {
    // PID 1 sees a first boot by the file, which the mounted ID hides.
    if changes.isFirstBoot { kernel.unmountMachineID(in: Text()) }
    defer {
      if changes.isFirstBoot {
        do throws(Errno) { try kernel.mountMachineID(in: Text()) } catch { report.say(.error, "Cannot mount the machine ID again", error) }
      }
    }
    try manager.reexecute()
    let end = kernel.microseconds + Self.reexecutionTimeout
    repeat {
      if manager.reconnect() { return }
      LinuxKernel.sleep(microseconds: 20_000)
    } while kernel.microseconds < end
    throw ServiceManager.Refusal(Text(), .timedOut)
  }

  /// As with a reload: its generators may take 90 seconds.
  private static var reexecutionTimeout: Int64 { 180_000_000 }

  /// - Returns: the size to give /run back afterwards; nil where nothing was changed.
  private func growRun() -> Int64? {
    do throws(Errno) {
      let size = try RunSpace.grow()
      if size != nil { report.say(.info, "/run is larger while systemd reloads") }
      return size
    } catch {
      report.say(.warning, "Cannot make /run larger", error)
      return nil
    }
  }
}

extension RunSpace {
  /// Makes /run larger where PID 1 would refuse to reload.
  ///
  /// - Returns: the size to give it back afterwards; nil where it is large enough.
  static func grow() throws(Errno) -> Int64? {
    let space = try Space(of: "/run")
    guard let grown = RunSpace(total: space.totalBytes, free: space.freeBytes).grown else { return nil }
    try Space.resizeTmpfs(at: "/run", toBytes: grown)
    return space.totalBytes
  }
}

extension ServiceManager {
  /// Whether somebody has sent the machine there: then it stays there.
  fileprivate var isInEmergency: Bool {
    borrowing get { do throws(Refusal) { return try isActive("emergency.target") } catch { return false } }
  }

  /// As PID 1 starts its own first target: isolated, or plainly where the target does not allow that (systemd:
  /// do_queue_default_job()).
  ///
  /// - Throws: also where the name still leads to stage 1, as it does when the reload was refused.
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
