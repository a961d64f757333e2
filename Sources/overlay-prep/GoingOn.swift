import PrerootCore
import PrerootManager
import PrerootSystem

/// Has PID 1 load its units anew and start the target.
///
/// - Returns: false where that cannot be done from here.
func goOn(to target: Text, _ story: inout Story, _ log: KernelLog) -> Bool {
  do throws(Errno) {
    // Anew: the root may be another one by now.
    return goOn(to: target, from: try Machine(), &story, log)
  } catch {
    log.say(.error, "Cannot open /", error)
    return false
  }
}

private func goOn(to target: Text, from machine: borrowing Machine, _ story: inout Story, _ log: KernelLog) -> Bool {
  do throws(ServiceManager.Refusal) {
    // To be kept until PID 1 has answered: a helper gone before that ends the boot in stage 1.
    let manager = try ServiceManager()
    reload(manager, &story, log)
    // Not before the reload: PID 1 may still hold jobs that wait for this.
    machine.keep(StageOne.ready, machine.rootDevice + "\n", log)
    machine.keep(Story.path, story.text, log)
    return start(target, manager, log) || startAnything(from: machine, manager, log)
  } catch {
    log.say(.error, "Cannot reach PID 1", error.errno)
    return false
  }
}

/// Where PID 1 refuses, the units are those of the lower, and the boot goes on all the same: without the masks, as the
/// condition that they hang on will be met.
private func reload(_ manager: borrowing ServiceManager, _ story: inout Story, _ log: KernelLog) {
  let runSize = growRun(log)
  let kernel = LinuxKernel()
  for _ in 1...3 {
    let start = kernel.microseconds
    do throws(ServiceManager.Refusal) {
      // What else was to start with stage 1, as the image wants it with default.target, would do so once the masks are gone.
      // Isolation takes it out of the queue without a word; cancelling the jobs would fail those that depend on them. Refused
      // it is where the machine is on its way down.
      try? manager.start("preroot-stage1.target", .isolate)
      try manager.reload()
      let duration = kernel.microseconds - start
      story.tell(step: "reload", Remark(.info, Text("systemd loaded its units anew: ") + Text(decimal: duration / 1000) + " ms"), at: start, for: duration)
      break
    } catch {
      log.say(.error, Text("Reload refused: ") + error.sentence)
    }
  }
  // A limit of a tmpfs can always be lowered again to what it was.
  if let runSize { try? Space.resizeTmpfs(at: "/run", toBytes: runSize) }
}

@inline(never) private func start(_ target: Text, _ manager: borrowing ServiceManager, _ log: KernelLog) -> Bool {
  do throws(ServiceManager.Refusal) {
    try manager.startAsInit(target)
    log.say(.info, Text("Going on to ") + target)
    return true
  } catch {
    log.say(.error, Text("Cannot go on to ") + target + ": " + error.sentence)
    return false
  }
}

/// Where the target itself cannot be had: what default.target stands for, then what every systemd has.
private func startAnything(from machine: borrowing Machine, _ manager: borrowing ServiceManager, _ log: KernelLog) -> Bool {
  for link in Text("/etc/systemd/system/default.target /usr/lib/systemd/system/default.target").words {
    if let path = machine.target(ofLink: link), start(path.fileName, manager, log) { return true }
  }
  for target in Text("multi-user.target rescue.target emergency.target").words where start(target, manager, log) { return true }
  return false
}

extension ServiceManager {
  /// As PID 1 starts its own first target: isolated, or plainly where the target does not allow that (systemd:
  /// do_queue_default_job()).
  ///
  /// - Throws: also where the name still leads to stage 1, as it does when the reload was refused.
  fileprivate borrowing func startAsInit(_ target: Text) throws(Refusal) {
    if try id(ofUnit: target) == "overlay-prep.target" { throw Refusal("It is still stage 1", .fileExists) }
    do throws(Refusal) {
      try start(target, .isolate)
    } catch {
      guard error.isNoIsolation else { throw error }
      try start(target, .replace)
    }
  }
}

extension ServiceManager.Refusal {
  fileprivate var sentence: Text { answer.isEmpty ? errno.text : answer }
}

extension Machine {
  var rootDevice: Text { MountInfo(parsing: text("/proc/1/mountinfo")).root?.majorMinor ?? Text() }

  /// Keeps a file in /run/preroot, which is the path's directory.
  borrowing func keep(_ path: Text, _ contents: Text, _ log: KernelLog) {
    do throws(Errno) {
      try root.makeDirectory("run/preroot")
      try root.replace(path.asRelative, contents: contents)
    } catch {
      log.say(.error, "Cannot write to /run/preroot", error)
    }
  }
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
