import PrerootCore
import PrerootManager
import PrerootSystem

/// Has PID 1 go over to the units of the root as it is now, and start the target.
///
/// - Returns: false where that cannot be done from here.
func goOn(to target: Text, _ settings: Settings, after reading: FirstReading, _ story: inout Story, _ log: KernelLog) -> Bool {
  do throws(Errno) {
    // Anew: the root may be another one by now.
    return goOn(to: target, settings, after: reading, from: try Machine(), &story, log)
  } catch {
    log.say(.error, "Cannot open /", error)
    return false
  }
}

private func goOn(
  to target: Text, _ settings: Settings, after reading: FirstReading, from machine: borrowing Machine, _ story: inout Story, _ log: KernelLog
) -> Bool {
  do throws(ServiceManager.Refusal) {
    // To be kept until PID 1 has answered: a helper gone before that ends the boot in stage 1.
    var manager = try ServiceManager()
    reading.adoptHostname(of: machine, log)
    let mounts = MountInfo(parsing: machine.text("/proc/1/mountinfo"))
    advance(&manager, settings.switchMode, reading.takeover(by: machine, mounts), machine, &story, log)
    // Not before the reload: PID 1 may still hold jobs that wait for this.
    machine.keep(Paths.ready, (mounts.root?.majorMinor ?? Text()) + "\n", log)
    machine.keep(Paths.events, story.text, log)
    if manager.isInEmergency {
      log.say(.notice, "Somebody asked for emergency.target: 'systemctl default' goes on from there")
      return true
    }
    return start(target, manager, log) || startAnything(from: machine, manager, log)
  } catch {
    log.say(.error, "Cannot reach PID 1", error.errno)
    return false
  }
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

extension Machine {
  /// Makes a link in /run/preroot, which is the path's directory.
  borrowing func link(_ path: Text, to target: Text, _ log: KernelLog) {
    leave(log) { root throws(Errno) in try root.replaceLink(path.asRelative, to: target) }
  }

  /// Keeps a file in /run/preroot, which is the path's directory.
  borrowing func keep(_ path: Text, _ contents: Text, _ log: KernelLog) {
    leave(log) { root throws(Errno) in try root.replace(path.asRelative, contents: contents) }
  }

  /// What cannot be left there is no reason not to go on.
  @inline(never) private borrowing func leave(_ log: KernelLog, _ write: (borrowing FileDescriptor) throws(Errno) -> Void) {
    do throws(Errno) {
      try root.makeDirectory("run/preroot")
      try write(root)
    } catch {
      log.say(.error, "Cannot write to /run/preroot", error)
    }
  }
}
