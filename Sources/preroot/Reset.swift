// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Marks the upper, so that the next boot starts with an empty one, except for the kept paths. No running program loses a file.
func reset(keeping kept: [Text], isCancelled: Bool, on machine: borrowing Machine) throws(Complaint) -> ExitStatus {
  try Machine.requireSuperuser(to: "mark the upper")
  let facts = BootFacts(asSeenOn: machine)
  guard let overlay = facts.mountInfo.overlays.first, let layers = machine.layers(of: overlay) else {
    if isCancelled { try rejectMarkElsewhere(on: machine) }
    throw Complaint("preroot has mounted no overlay; 'preroot status' says why. 'preroot.reset' on the kernel command line resets an upper too")
  }
  if facts.mountInfo.entry(at: Paths.store)?.fileSystemType == "tmpfs" {
    if isCancelled { try rejectMarkElsewhere(on: machine) }
    if Settings(facts.assignments).upper.isPersistent {
      throw Complaint("This boot runs on a tmpfs instead of the upper, which cannot be marked; 'preroot.reset' on the kernel command line resets it too")
    }
    try reply("Nothing to do: the upper is a tmpfs, which is empty at every boot\n")
    return .success
  }
  if machine.contents(Paths.state).map({ State(parsing: $0) })?.value(of: "crypt") == Crypt.random.text {
    try reply("Nothing to do: the upper has a new key at every boot, and is empty then\n")
    return .success
  }
  let mark = layers + "/reset"
  if isCancelled { return try cancel(mark, facts, on: machine) }

  let contents = Text(joining: kept, separator: "\n") + (kept.isEmpty ? "" : "\n")
  // The helper accepts no larger mark.
  if contents.count > 1 << 16 { throw Complaint(usage: "'--keep' has more than 64 KiB of paths; name the directories that they are in") }
  let upper = layers + "/" + (StoreFacts(in: layers, over: nil).layer ?? "upper")
  for path in kept { try requireReal(path, upper: upper, on: machine) }
  try machine.writing(facts) { () throws(Complaint) in
    try attempt("Cannot mark the upper") { () throws(Errno) in
      try machine.root.makeDirectories(layers.asRelative)
      try machine.root.replaceDurably(mark.asRelative, contents: contents)
    }
  }
  var answer = Answer()
  answer.add(line: "The next boot starts with an empty upper; 'preroot reset --cancel' cancels this")
  for path in kept {
    let isThere = machine.exists(upper + path)
    answer.add("kept", isThere ? path : path + ", which is still the image's", isThere ? .good : .notable)
  }
  try reply(answer.text)
  return .success
}

/// Rejects a path that goes through a symbolic link: the file has another path in the upper, and the reset would not keep it. A link itself
/// can be kept, if the upper has it.
private func requireReal(_ path: Text, upper: Text, on machine: borrowing Machine) throws(Complaint) {
  let real = try attempt(path) { () throws(Errno) in try machine.root.resolvingLinks(of: path) }
  if path.asRelative == real { return }
  let parent = path.parents.last ?? "/"
  let realParent = try attempt(path) { () throws(Errno) in try machine.root.resolvingLinks(of: parent) }
  if parent.asRelative == realParent, machine.target(ofLink: upper + path) != nil { return }
  throw Complaint(Text("'") + path + "' goes through a symbolic link: keep '/" + real + "'", status: .usage)
}

/// Says how to cancel the reset of an upper that the next boot uses and this one does not: its device may be faulty, or in use.
private func rejectMarkElsewhere(on machine: borrowing Machine) throws(Complaint) {
  let boot = try attempt("Cannot open the image") { () throws(Errno) in try NextBoot(of: machine) }
  let settings = Settings(boot.facts.assignments)
  if !settings.upper.isPersistent { return }
  let mark = settings.layersDirectory(over: LowerIdentity(boot.facts, machine)).dropFirst(Paths.store.count) + "/reset"
  throw Complaint(Text("This boot does not use ") + settings.upper.text + ", and cannot tell whether a reset is pending; to cancel one, mount it and remove its file '" + mark + "'")
}

private func cancel(_ mark: Text, _ facts: borrowing BootFacts, on machine: borrowing Machine) throws(Complaint) -> ExitStatus {
  guard machine.exists(mark) else {
    try reply("Nothing to do: no reset is pending\n")
    return .success
  }
  try machine.writing(facts) { () throws(Complaint) in
    try attempt("Cannot remove the mark") { () throws(Errno) in try machine.root.removeDurably(mark.asRelative) }
  }
  try reply("The next boot keeps the upper\n")
  return .success
}
