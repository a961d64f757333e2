// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Keeps changes that are in memory: puts a layer with them beside the upper, which the next boot uses in its place.
///
/// - Parameter paths: what to keep; empty for all changes.
func commit(_ paths: [Text], onlyTold isOnlyTold: Bool, isCancelled: Bool, on machine: borrowing Machine) throws(Complaint) -> Int32 {
  try Machine.requireSuperuser(to: "commit changes")
  let facts = BootFacts(asSeenOn: machine)
  let overlays = facts.mountInfo.overlays
  guard let overlay = overlays.first else { throw Complaint("preroot has mounted no overlay; 'preroot status' says why") }
  guard overlay.isOnDemand, let layers = machine.layers(of: overlay) else {
    let settings = Settings(facts.assignments)
    if !settings.upper.isPersistent { throw Complaint("The upper is a tmpfs: there is no device to commit to; see preroot.conf(5), Commit=") }
    if facts.mountInfo.entry(at: Paths.store)?.fileSystemType == "tmpfs" {
      throw Complaint("This boot runs on a tmpfs instead of the upper, to which nothing can be committed; 'preroot status' says why")
    }
    try reply("Nothing to do: every change is on the device at once; see preroot.conf(5), Commit=\n")
    return ExitStatus.success
  }
  if isOnlyTold { return try diff(paths, on: machine) }
  var selected: [Text] = []
  for path in paths { selected.append(try place(path, on: overlays, of: machine)) }
  // A key or a lost terminal must not end this while the device is writable.
  _ = Lower.ignoreEndings()
  var answer = Text()
  try machine.writing(facts) { () throws(Complaint) in
    answer = isCancelled ? try cancel(in: layers) : try commit(selected, in: layers, on: machine)
  }
  try reply(answer)
  return ExitStatus.success
}

/// - Returns: the answer.
private func commit(_ selected: [Text], in layers: Text, on machine: borrowing Machine) throws(Complaint) -> Text {
  let next = try attempt("Cannot read the image") { () throws(Errno) in try NextBoot(of: machine) }
  let found = StoreFacts(in: layers, over: LowerIdentity(next.facts, machine))
  let unfinished = layers + "/" + StoreFacts.unfinishedCommit
  try attempt("Cannot prepare the device") { () throws(Errno) in
    if machine.exists(unfinished) { try Store.remove(unfinished) }
    for parent in (layers + "/upper").parents where parent.count > Paths.store.count && !machine.exists(parent) { try machine.root.makeDirectory(parent.asRelative) }
  }
  var path = Text()
  do throws(Errno) {
    var tree = try CommitTree(of: Paths.memory, in: layers, over: found.commits.last.map { StoreFacts.commitName($0) }, selected: selected)
    do throws(Errno) { try tree.build() } catch {
      path = tree.path
      throw error
    }
    if tree.changes == 0, found.commits.isEmpty {
      try Store.remove(unfinished)
      return "Nothing to commit: nothing was written\n"
    }
    // The image that these changes are made over; a boot compares it.
    if found.recorded == nil, let lower = found.lower { try machine.root.replaceDurably((layers + "/lower.id").asRelative, contents: lower.text + "\n") }
    path = Text()
    try Store.commit(in: layers, after: found)
    for file in tree.unsteady {
      StandardError.say(Text("preroot: ") + file.escapedForTerminal + " changed while it was copied; the copy may mix two states of it")
    }
    return Text("Committed ") + Text(decimal: tree.changes) + (tree.changes == 1 ? " change" : " changes") + "; the next boot has them\n"
  } catch {
    try? Store.remove(unfinished)
    let failure = error
    throw Complaint(Text("Nothing was committed: ") + path.escapedForTerminal + (path.isEmpty ? "" : ": ") + advice(failure))
  }
}

private func advice(_ failure: Errno) -> Text {
  switch failure {
  case .noSpace: "the device is full; commit less of it, by PATH, or 'preroot reset' what is there"
  case .staleFileHandle: "another process has moved this directory meanwhile; try it again"
  case .notDirectory: "was a file before; commit all of it"
  default: failure.text
  }
}

private func cancel(in layers: Text) throws(Complaint) -> Text {
  let found = StoreFacts(in: layers, over: nil)
  if found.commits.isEmpty { return "Nothing to do: no commit waits for the next boot\n" }
  try attempt("Cannot remove the commit") { () throws(Errno) in try Store.cancel(found.commits, in: layers) }
  return "The next boot does not use what was committed since this boot\n"
}

extension Machine {
  /// Returns the directory of the layers on the upper's file system.
  borrowing func layers(of overlay: MountInfo.Entry) -> Text? {
    if !overlay.isOnDemand { return overlay.layersDirectory }
    return contents(Paths.state).flatMap { State(parsing: $0).value(of: "commit") }
  }

  /// Lets `act` write to the upper's file system, which is read-only with `Commit=on-demand`.
  borrowing func writing(_ facts: borrowing BootFacts, _ act: () throws(Complaint) -> Void) throws(Complaint) {
    guard facts.mountInfo.overlays.first?.isOnDemand == true else { return try act() }
    let lock: FileDescriptor
    do throws(Errno) { lock = try Store.lock(waiting: false) } catch {
      throw Complaint(error == .tryAgain ? "Another preroot writes to the device; try it again when that has ended" : Text("Cannot lock the device: ") + error.text)
    }
    // Of a preroot that was killed, the device may still be writable.
    let isReadOnly = Settings(facts.assignments).keepsDeviceReadOnly
    if isReadOnly { try attempt("Cannot make the device writable") { () throws(Errno) in try Store.remount(isReadOnly: false) } }
    defer {
      if isReadOnly {
        do throws(Errno) { try Store.remount(isReadOnly: true) } catch { StandardError.say(Text("preroot: The device stays writable: ") + error.text) }
      }
      _ = lock
    }
    try act()
  }
}
