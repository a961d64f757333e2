// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootManager
import PrerootSystem

// What units of the second stage run. It needs no program of the image.

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

/// `--reached`: takes back the count of boots that did not get through, as this one has.
func takeBackAttempts() -> Int32 {
  attempting("Cannot remove the count of boots that did not reach their target") { machine throws(Errno) in
    guard let count = machine.target(ofLink: Paths.attempts), let target = machine.contents(Paths.target)?.trimmed, !target.isEmpty else {
      // Where a drop-in for all services has cleared the unit's condition.
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
    if machine.exists(count) { try machine.root.removeDurably(count.asRelative) }
    return ExitStatus.success
  }
}

/// `--fstab`: copies /etc/fstab without its lines for `/`.
func copyFileSystemTable() -> Int32 {
  attempting("Cannot write /run/preroot/fstab") { machine throws(Errno) in
    try machine.root.makeDirectory("run/preroot")
    try machine.root.replace(Paths.fstab.asRelative, contents: FileSystemTable.withoutRoot(machine.text("/etc/fstab")))
    return ExitStatus.success
  }
}

/// - Parameter failure: what is said, with the reason after it.
@inline(never) private func attempting(_ failure: Text, _ work: (borrowing Machine) throws(Errno) -> Int32) -> Int32 {
  do throws(Errno) { return try work(Machine(at: "/")) } catch {
    StandardError.say(Text("overlay-prep: ") + failure + ": " + error.text)
    return ExitStatus.failure
  }
}
