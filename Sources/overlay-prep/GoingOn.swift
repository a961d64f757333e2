import PrerootCore
import PrerootManager
import PrerootSystem

/// Lifts the masks and sends PID 1 on: units loaded anew, then the target.
///
/// - Returns: false where that cannot be done from here.
func goOn(to target: Text, _ story: inout Story, _ log: KernelLog) -> Bool {
  do throws(Errno) {
    // Anew: the root may be another one by now.
    let machine = try Machine()
    try machine.settle()
    return goOn(to: target, from: machine, &story, log)
  } catch {
    log.say(.error, "Cannot write /run/preroot/ready", error)
    return false
  }
}

private func goOn(to target: Text, from machine: borrowing Machine, _ story: inout Story, _ log: KernelLog) -> Bool {
  do throws(ServiceManager.Refusal) {
    // To be kept until PID 1 has answered: a helper gone before that ends the boot in stage 1.
    let manager = try ServiceManager()
    reload(manager, &story, log)
    machine.keep(story, log)
    return start(target, manager, log) || startAnything(from: machine, manager, log)
  } catch {
    log.say(.error, "Cannot reach PID 1", error.errno)
    return false
  }
}

/// Where PID 1 refuses, the units are those of the lower, and the boot goes on all the same: without the masks, as the
/// condition that they hang on is met by now.
private func reload(_ manager: borrowing ServiceManager, _ story: inout Story, _ log: KernelLog) {
  let growth = RunGrowth(log)
  let kernel = LinuxKernel()
  for _ in 1...3 {
    let start = kernel.microseconds
    do throws(ServiceManager.Refusal) {
      try manager.reload()
      let duration = kernel.microseconds - start
      story.tell(step: "reload", Remark(.info, Text("systemd loaded its units anew: ") + Text(decimal: duration / 1000) + " ms"), at: start, for: duration)
      break
    } catch {
      log.say(.error, Text("Reload refused: ") + error.sentence)
    }
  }
  growth.takeBack(log)
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
  /// Creates the file that the masks wait for, naming the root it is true of.
  fileprivate borrowing func settle() throws(Errno) {
    try root.makeDirectory("run/preroot")
    let device = MountInfo(parsing: text("/proc/1/mountinfo")).root?.majorMinor ?? Text()
    try root.replace(StageOne.ready.asRelative, contents: device + "\n")
  }

  fileprivate borrowing func keep(_ story: Story, _ log: KernelLog) {
    do throws(Errno) { try root.replace(Story.path.asRelative, contents: story.text) } catch {
      log.say(.warning, "Cannot write /run/preroot/events", error)
    }
  }
}

/// /run, larger for the time of a reload where PID 1 would refuse it.
private struct RunGrowth {
  private var original: Int? = nil

  init(_ log: KernelLog) {
    do throws(Errno) {
      let space = try Space(of: "/run")
      guard let grown = RunSpace(total: space.totalBytes, free: space.freeBytes).grown else { return }
      try Space.resizeTmpfs(at: "/run", toBytes: grown)
      original = space.totalBytes
      log.say(.info, "/run is larger while systemd reloads")
    } catch {
      log.say(.warning, "Cannot make /run larger", error)
    }
  }

  func takeBack(_ log: KernelLog) {
    guard let original else { return }
    do throws(Errno) {
      try Space.resizeTmpfs(at: "/run", toBytes: original)
    } catch {
      log.say(.warning, "Cannot give /run its size back", error)
    }
  }
}
