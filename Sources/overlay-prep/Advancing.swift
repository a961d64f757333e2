import PrerootCore
import PrerootManager
import PrerootSystem

/// Has PID 1 load its units anew, by a reload or by executing itself.
///
/// Where PID 1 refuses, the units are those of the lower, and the boot goes on all the same: without the masks, as the condition that
/// they hang on will be met.
func advance(
  _ manager: inout ServiceManager, _ mode: SwitchMode, _ takeover: Takeover, _ machine: borrowing Machine, _ story: inout Story,
  _ log: KernelLog
) {
  var advance = Advance(mode, for: takeover)
  let runSize = growRun(log)
  if takeover.isFirstBoot, !advance.isReexecution { completeFirstBoot(manager, log) }
  for _ in 1...3 {
    let start = LinuxKernel().microseconds
    do throws(ServiceManager.Refusal) {
      // What else was to start with stage 1, as the image wants it with default.target, would do so once the masks are gone.
      // Isolation takes it out of the queue without a word; cancelling the jobs would fail those that depend on them. Refused
      // it is where the machine is on its way down.
      if !manager.isInEmergency { try? manager.start("preroot-stage1.target", .isolate) }
      if advance.isReexecution {
        try manager.reexecute(takeover, log)
      } else {
        try manager.reload()
        // PID 1 would take the first boot that it saw on the lower for one still.
        if takeover.wasFirstBoot, !takeover.isFirstBoot { try? machine.root.remove(FirstReading.firstBootFlag.asRelative) }
      }
      let duration = LinuxKernel().microseconds - start
      let what: Text = advance.isReexecution ? "systemd was executed anew" : "systemd loaded its units anew"
      let remark = Remark(.info, what + " (" + advance.reason + "): " + Text(decimal: duration / 1000) + " ms")
      log.say(remark)
      story.tell(step: advance.isReexecution ? "reexec" : "reload", remark, at: start, for: duration)
      break
    } catch {
      log.say(.error, (advance.isReexecution ? "Re-execution refused: " : "Reload refused: ") as Text + error.sentence)
      advance.isReexecution = false
    }
  }
  // A limit of a tmpfs can always be lowered again to what it was.
  if let runSize { try? Space.resizeTmpfs(at: "/run", toBytes: runSize) }
}

/// What PID 1 does in a first boot, and could not do on the lower.
private func completeFirstBoot(_ manager: borrowing ServiceManager, _ log: KernelLog) {
  do throws(ServiceManager.Refusal) { try manager.presetAll() } catch {
    log.say(.warning, Text("Cannot preset the units for the first boot: ") + error.sentence)
  }
}

extension ServiceManager {
  /// Whether somebody has sent the machine there, meanwhile: there it stays.
  var isInEmergency: Bool {
    borrowing get { do throws(Refusal) { return try isActive("emergency.target") } catch { return false } }
  }

  /// Returns once PID 1 answers again. It unlinks its socket and binds it anew, so there are moments when nobody is there.
  fileprivate mutating func reexecute(_ takeover: Takeover, _ log: KernelLog) throws(Refusal) {
    // PID 1 sees a first boot by the file, which the mounted ID hides.
    if takeover.isFirstBoot { LinuxKernel().unsettleMachineID(in: Text()) }
    defer {
      if takeover.isFirstBoot {
        do throws(Errno) { try LinuxKernel().mountMachineID(in: Text()) } catch { log.say(.error, "Cannot mount the machine ID again", error) }
      }
    }
    try reexecute()
    let end = LinuxKernel().microseconds + Self.reexecutionTimeout
    repeat {
      if reconnect() { return }
      LinuxKernel.sleep(microseconds: 20_000)
    } while LinuxKernel().microseconds < end
    throw Refusal(Text(), .timedOut)
  }

  /// As with a reload: its generators may take 90 seconds.
  private static var reexecutionTimeout: Int { 180_000_000 }
}

extension ServiceManager.Refusal {
  var sentence: Text { answer.isEmpty ? errno.text : answer }
}

/// Makes /run larger where PID 1 would refuse to reload.
///
/// - Returns: the size to give it back afterwards; nil where nothing was changed.
private func growRun(_ log: KernelLog) -> Int? {
  do throws(Errno) {
    let space = try Space(of: "/run")
    guard let grown = RunSpace(total: space.totalBytes, free: space.freeBytes).grown else { return nil }
    try Space.resizeTmpfs(at: "/run", toBytes: grown)
    log.say(.info, "/run is larger while systemd reloads")
    return space.totalBytes
  } catch {
    log.say(.warning, "Cannot make /run larger", error)
    return nil
  }
}
