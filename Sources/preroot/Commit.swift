// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Keeps changes that are in memory: puts a layer with them beside the upper, which the next boot uses in its place.
///
/// - Parameter paths: what to keep; empty for all changes.
func commit(_ paths: [Text], isDry: Bool, isCancelled: Bool, on machine: borrowing Machine) throws(Complaint) -> ExitStatus {
  try Machine.requireSuperuser(to: "commit changes")
  let facts = BootFacts(asSeenOn: machine)
  let overlays = facts.mountInfo.overlays
  guard let overlay = overlays.first else { throw Complaint("preroot has mounted no overlay; 'preroot status' says why") }
  let state = machine.state
  guard overlay.isOnDemand, let layers = state.value(of: "layers") else {
    if !Settings(facts.assignments).upper.isPersistent { throw Complaint("The upper is a tmpfs, and there is no device to commit to (preroot.conf(5), Commit=)") }
    if facts.mountInfo.entry(at: Paths.store)?.fileSystemType == "tmpfs" {
      throw Complaint("This boot runs on a tmpfs instead of the upper, and nothing can be committed; 'preroot status' says why")
    }
    try reply("Nothing to do: every change is on the device at once (preroot.conf(5), Commit=)\n")
    return .success
  }
  if isDry { return try diff(paths, on: machine) }
  var selected: [Text] = []
  for path in paths { selected.append(try place(path, on: overlays, of: machine)) }
  // A key or a lost terminal must not end this while the device is writable.
  _ = Lower.ignoreEndings()
  var answer = Text()
  try machine.writing(facts) { () throws(Complaint) in
    answer = isCancelled ? try cancel(in: layers) : try commit(selected, in: layers, over: state.value(of: "image"), on: machine)
  }
  try reply(answer)
  return .success
}

/// - Parameter image: the identity of the image that the changes are made over.
/// - Returns: the answer.
private func commit(_ selected: [Text], in layers: Text, over image: Text?, on machine: borrowing Machine) throws(Complaint) -> Text {
  let found = StoreFacts(in: layers, over: nil)
  if found.mark != nil || found.isResetting {
    throw Complaint("Nothing was committed: the next boot starts with an empty upper; 'preroot reset --cancel' cancels this")
  }
  try attempt("Nothing was committed: cannot prepare the device") { () throws(Errno) in
    for parent in (layers + "/upper").parents where parent.count > Paths.store.count && !machine.exists(parent) { try machine.root.makeDirectory(parent.asRelative) }
    try Store.removeUnfinished(in: layers)
  }
  var path = Text()
  do throws(Errno) {
    var tree = try CommitTree(
      of: Paths.memory, in: layers, over: Paths.lower, base: found.commits.last.map { StoreFacts.commitName($0) }, selected: selected)
    do throws(Errno) { try tree.build() } catch {
      path = tree.path
      throw error
    }
    // Everything that an earlier commit of this boot has may be deleted again.
    if !tree.hasWritten, found.commits.isEmpty || !selected.isEmpty {
      try Store.removeUnfinished(in: layers)
      return "Nothing to commit: nothing has changed there\n"
    }
    // A boot compares it with its image.
    if let image, !(image == found.recorded) { try machine.root.replaceDurably((layers + "/lower.id").asRelative, contents: image + "\n") }
    try Store.commit(in: layers, after: found.commits)
    for file in tree.unsteady {
      StandardError.say(Text("preroot: ") + file.escapedForTerminal + " changed while it was copied; the copy may mix two states of it")
    }
    return Text("Committed ") + Text(decimal: tree.changes) + (tree.changes == 1 ? " change" : " changes") + "; the next boot has them\n"
  } catch {
    try? Store.removeUnfinished(in: layers)
    throw Complaint(Text("Nothing was committed: ") + path + (path.isEmpty ? "" : ": ") + advice(error))
  }
}

private func advice(_ failure: Errno) -> Text {
  switch failure {
  case .noSpace: "the device is full; commit less of it, by PATH"
  case .staleFileHandle: "another process moved this directory meanwhile; try again"
  case .notDirectory: "was deleted or replaced as a whole; commit the whole of it"
  default: failure.text
  }
}

private func cancel(in layers: Text) throws(Complaint) -> Text {
  let found = StoreFacts(in: layers, over: nil)
  if found.commits.isEmpty { return "Nothing to do: nothing was committed since this boot\n" }
  try attempt("Cannot cancel the commit") { () throws(Errno) in try Store.cancel(found.commits, in: layers) }
  return "The next boot has nothing of this one\n"
}

private func lockStore() throws(Complaint) -> FileDescriptor {
  do throws(Errno) { return try Store.lock(waiting: false) } catch {
    throw Complaint(error == .tryAgain ? "Another preroot writes to the device; try again when that has ended" : Text("Cannot lock the device: ") + error.text)
  }
}

extension Machine {
  /// What the helper has written about this boot.
  fileprivate var state: State { State(parsing: text(Paths.state)) }

  /// Returns the directory of the layers on the upper's file system.
  borrowing func layers(of overlay: MountInfo.Entry) -> Text? { overlay.isOnDemand ? state.value(of: "layers") : overlay.layersDirectory }

  /// Lets `act` write to the upper's file system, which is read-only with `Commit=on-demand`.
  borrowing func writing(_ facts: borrowing BootFacts, _ act: () throws(Complaint) -> Void) throws(Complaint) {
    guard facts.mountInfo.overlays.first?.isOnDemand == true else { return try act() }
    let lock = try lockStore()
    // After a preroot that was killed, the device may still be writable.
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
