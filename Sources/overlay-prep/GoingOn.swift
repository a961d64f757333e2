import PrerootCore
import PrerootManager
import PrerootSystem

/// Lifts the masks and sends PID 1 on: units loaded anew, then the target.
///
/// - Returns: false where that cannot be done from here.
func goOn(to target: Text, _ story: inout Story, _ log: borrowing KernelLog) -> Bool {
  do throws(Errno) {
    // Both anew: the root may be another one by now.
    let machine = try Machine()
    let root = MountInfo(parsing: machine.text("/proc/1/mountinfo")).root
    try machine.settle(root?.majorMinor ?? "")
    do throws(ServiceManager.Refusal) {
      let manager = try ServiceManager()
      reload(manager, &story, log)
      machine.keep(story, log)
      // The connection has to outlive the call: a helper gone before PID 1 answers ends the boot in stage 1.
      return start([target] + machine.targetsOfLastResort, manager, log)
    } catch {
      log.say(.error, "Cannot reach PID 1", error.errno)
      machine.keep(story, log)
      return false
    }
  } catch {
    log.say(.error, "Cannot write " + StageOne.ready, error)
    return false
  }
}

/// Where PID 1 refuses, the units are those of the lower, and the boot goes on all the same: without the masks, as the
/// condition that they hang on is met by now.
private func reload(_ manager: borrowing ServiceManager, _ story: inout Story, _ log: borrowing KernelLog) {
  let growth = RunGrowth(log)
  let kernel = LinuxKernel()
  for attempt in 1...3 {
    let start = kernel.microseconds
    do throws(ServiceManager.Refusal) {
      try manager.reload()
      let duration = kernel.microseconds - start
      story.tell(step: "reload", Remark(.info, "systemd loaded its units anew: \(duration / 1000) ms"), at: start, for: duration)
      break
    } catch {
      log.say(.error, "Reload refused (\(attempt) of 3): \(error.sentence)")
    }
  }
  growth.takeBack(log)
}

/// Starts the first of `targets` that PID 1 will have and that is not stage 1 once more.
private func start(_ targets: [Text], _ manager: borrowing ServiceManager, _ log: borrowing KernelLog) -> Bool {
  for target in targets {
    do throws(ServiceManager.Refusal) {
      try manager.startAsInit(target)
      log.say(.info, "Going on to " + target)
      return true
    } catch {
      log.say(.error, "Cannot start \(target), trying the next: \(error.sentence)")
    }
  }
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
  fileprivate borrowing func settle(_ root: Text) throws(Errno) {
    try self.root.makeDirectory("run/preroot")
    try? self.root.remove(StageOne.ready.asRelative)
    try self.root.create(StageOne.ready.asRelative, contents: "\(root)\n")
  }

  fileprivate borrowing func keep(_ story: Story, _ log: borrowing KernelLog) {
    do throws(Errno) {
      try? root.remove(Story.path.asRelative)
      try root.create(Story.path.asRelative, contents: story.text)
    } catch {
      log.say(.warning, "Cannot write " + Story.path, error)
    }
  }

  /// Where default.target itself cannot be had: what it stands for, and what every systemd has.
  fileprivate var targetsOfLastResort: [Text] {
    var targets: [Text] = []
    for link in Text("/etc/systemd/system/default.target /usr/lib/systemd/system/default.target").words {
      if let path = target(ofLink: link) { targets.add(path.fileName) }
    }
    return targets + Text("multi-user.target rescue.target emergency.target").words
  }
}

/// /run, larger for the time of a reload where PID 1 would refuse it.
private struct RunGrowth {
  private var original: Int? = nil

  init(_ log: borrowing KernelLog) {
    do throws(Errno) {
      let space = try Space(of: "/run")
      guard let grown = RunSpace(total: space.totalBytes, free: space.freeBytes).grown else { return }
      try Space.resizeTmpfs(at: "/run", toBytes: grown)
      original = space.totalBytes
      log.say(.info, "/run has \(space.freeBytes >> 10) KiB free; \(grown >> 10) KiB large while systemd reloads")
    } catch {
      log.say(.warning, "Cannot make /run larger", error)
    }
  }

  func takeBack(_ log: borrowing KernelLog) {
    guard let original else { return }
    do throws(Errno) {
      try Space.resizeTmpfs(at: "/run", toBytes: original)
    } catch {
      log.say(.warning, "Cannot give /run its size back", error)
    }
  }
}
