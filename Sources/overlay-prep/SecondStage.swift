// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootManager
import PrerootSystem

// The actions of the second stage's units. They need no program of the image.

/// `--settle`: does what is left after the boot. No part depends on another.
func settle() -> ExitStatus {
  attempting("Cannot write to /run/preroot") { machine throws(Errno) in
    let isReported = reportEvents(on: machine), isReset = resetAttempts(on: machine)
    try reload(on: machine)
    return isReported && isReset ? .success : .failure
  }
}

/// Sends the events of stage 1 to the journal.
private func reportEvents(on machine: borrowing Machine) -> Bool {
  // A helper that was killed leaves none.
  guard let events = machine.contents(Paths.events) else { return true }
  do throws(Errno) {
    try Journal.send(events)
    try machine.root.replace(Paths.reported.asRelative, contents: Text())
    return true
  } catch {
    StandardError.say("overlay-prep: Cannot write to the journal", error)
    return false
  }
}

/// Removes the count of boots that did not reach their target, because this one has.
private func resetAttempts(on machine: borrowing Machine) -> Bool {
  guard let count = machine.target(ofLink: Paths.attempts), let target = machine.contents(Paths.target)?.trimmed, machine.exists(count) else { return true }
  do throws(ServiceManager.Refusal) {
    guard try ServiceManager().isActive(target) else {
      StandardError.say(Text("overlay-prep: ") + target + " is not active: the count of boots that did not reach their target stays")
      return true
    }
  } catch {
    StandardError.say(Text("overlay-prep: Cannot ask PID 1 whether ") + target + " is active: " + error.sentence)
    return false
  }
  do throws(Errno) {
    let lock = try Store.lock(waiting: true)
    // With Commit=on-demand.
    let isReadOnly = machine.mounts().entry(at: Paths.store)?.isWritable == false
    if isReadOnly { try Store.remount(isReadOnly: false) }
    defer {
      if isReadOnly { try? Store.remount(isReadOnly: true) }
      _ = lock
    }
    try machine.root.removeDurably(count.asRelative)
    return true
  } catch {
    StandardError.say("overlay-prep: Cannot remove the count of boots that did not reach their target", error)
    return false
  }
}

/// Makes PID 1 reload, without the drop-ins that made the units wait. All units run already; if PID 1 refuses, nothing is lost.
private func reload(on machine: borrowing Machine) throws(Errno) {
  if machine.exists(Paths.begun) {
    // The helper was killed. Without an overlay, the generator would take this for a boot in which preroot has not tried.
    if let root = machine.mounts().root, !root.isOverlayOfPreroot { try machine.root.replace(Paths.failed.asRelative, contents: root.majorMinor + "\n") }
    try machine.root.remove(Paths.begun.asRelative)
  }
  guard machine.exists(UnitTree.sign) else { return }
  let runSize = try? RunSpace.grow()
  do throws(ServiceManager.Refusal) { try ServiceManager().reload() } catch {
    StandardError.say(Text("overlay-prep: PID 1 refuses to reload: ") + error.sentence)
  }
  RunSpace.restore(runSize)
}

/// `--fstab`: copies /etc/fstab, without its lines for `/` if that is an overlay.
func copyFileSystemTable() -> ExitStatus {
  attempting("Cannot write /run/preroot/fstab") { machine throws(Errno) in
    try machine.root.makeDirectory("run/preroot")
    let table = machine.text("/etc/fstab"), isOverlaid = machine.mounts().root?.isOverlayOfPreroot == true
    try machine.root.replace(Paths.fstab.asRelative, contents: isOverlaid ? FileSystemTable.withoutRoot(table) : table)
    return .success
  }
}

/// - Parameter failure: the message; the reason follows it.
@inline(never) private func attempting(_ failure: Text, _ work: (borrowing Machine) throws(Errno) -> ExitStatus) -> ExitStatus {
  do throws(Errno) { return try work(Machine(at: "/")) } catch {
    StandardError.say(Text("overlay-prep: ") + failure + ": " + error.text)
    return .failure
  }
}
