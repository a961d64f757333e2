// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootManager
import PrerootSystem

// The actions of the second stage's units. They need no program of the image.

/// `--report`: sends the events of stage 1 to the journal.
func sendReport() -> Int32 {
  attempting("Cannot write to the journal") { machine throws(Errno) in
    guard let events = machine.contents(Paths.events) else {
      StandardError.say("overlay-prep: There is no /run/preroot/events: this boot had no first stage")
      return ExitStatus.failure
    }
    try Journal.send(events)
    try machine.root.replace(Paths.reported.asRelative, contents: Text())
    return ExitStatus.success
  }
}

/// `--reached`: removes the count of boots that did not reach their target, because this one has.
func takeBackAttempts() -> Int32 {
  attempting("Cannot remove the count of boots that did not reach their target") { machine throws(Errno) in
    guard let count = machine.target(ofLink: Paths.attempts), let target = machine.contents(Paths.target)?.trimmed, !target.isEmpty else {
      // A drop-in for all services may have cleared the unit's condition.
      StandardError.say("overlay-prep: There is no /run/preroot/attempts, or no /run/preroot/target: this boot is not counted")
      return ExitStatus.success
    }
    do throws(ServiceManager.Refusal) {
      guard try ServiceManager().isActive(target) else {
        StandardError.say(Text("overlay-prep: ") + target + " is not active: the count of boots that did not reach their target stays")
        return ExitStatus.success
      }
    } catch {
      StandardError.say(Text("overlay-prep: Cannot ask PID 1 whether ") + target + " is active: " + error.sentence)
      return ExitStatus.failure
    }
    let layers = StoreFacts(in: count.dropLast("/attempts".count), over: nil)
    var kernel = LinuxKernel(), failure: Errno?
    // The last step has to be tried in any case.
    for step in LayerPlan(reached: layers, isReadOnly: machine.mounts().entry(at: Paths.store)?.isWritable == false).steps {
      do throws(Errno) { try kernel.perform(step) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    return ExitStatus.success
  }
}

/// `--settle`: makes PID 1 reload, without the drop-ins that made the units wait. All units run already; if PID 1 refuses, nothing is lost.
func settle() -> Int32 {
  attempting("Cannot write to /run/preroot") { machine throws(Errno) in
    if machine.exists(Paths.begun) {
      // The helper was killed. Without an overlay, the generator would take this for a boot in which preroot has not tried.
      if let root = machine.mounts().root, !root.isOverlayOfPreroot { try machine.root.replace(Paths.failed.asRelative, contents: root.majorMinor + "\n") }
      try machine.root.remove(Paths.begun.asRelative)
    }
    let runSize = try? RunSpace.grow()
    do throws(ServiceManager.Refusal) { try ServiceManager().reload() } catch {
      StandardError.say(Text("overlay-prep: PID 1 refuses to reload: ") + error.sentence)
    }
    RunSpace.restore(runSize)
    return ExitStatus.success
  }
}

/// `--fstab`: copies /etc/fstab, without its lines for `/` if that is an overlay.
func copyFileSystemTable() -> Int32 {
  attempting("Cannot write /run/preroot/fstab") { machine throws(Errno) in
    try machine.root.makeDirectory("run/preroot")
    let table = machine.text("/etc/fstab"), isOverlaid = machine.mounts().root?.isOverlayOfPreroot == true
    try machine.root.replace(Paths.fstab.asRelative, contents: isOverlaid ? FileSystemTable.withoutRoot(table) : table)
    return ExitStatus.success
  }
}

/// - Parameter failure: the message; the reason follows it.
@inline(never) private func attempting(_ failure: Text, _ work: (borrowing Machine) throws(Errno) -> Int32) -> Int32 {
  do throws(Errno) { return try work(Machine(at: "/")) } catch {
    StandardError.say(Text("overlay-prep: ") + failure + ": " + error.text)
    return ExitStatus.failure
  }
}
