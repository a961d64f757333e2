// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// Lists the changes since the upper was empty: each path that the lower does not have (A), has differently (M), or that the overlay hides
/// (D).
///
/// - Parameter paths: limits the list; empty for all paths.
func diff(_ paths: [Text], on machine: borrowing Machine) throws(Complaint) -> ExitStatus {
  try Machine.requireSuperuser(to: "see what the upper hides (trusted.* attributes)")
  let overlays = BootFacts(asSeenOn: machine).mountInfo.overlays
  // The lower is what was committed, over the image.
  if overlays.contains(where: { $0.lowerLayers != nil }) {
    try attempt("Cannot show the layers below the overlay") { () throws(Errno) in
      try Lower.leaveMountNamespace()
      for overlay in overlays { try Lower.showAll(below: overlay) }
    }
  }
  if overlays.isEmpty { throw Complaint("preroot has mounted no overlay; 'preroot status' says why") }
  var limits: [Text] = []
  for path in paths { limits.append(try place(path, on: overlays, of: machine)) }
  var difference = Difference(limitedTo: limits)
  for overlay in overlays { try difference.compare(overlay) }
  try difference.finish()
  return .success
}

/// Returns a path's place on the overlays, with symbolic links above it resolved.
///
/// - Throws: if nothing has this path, so that a typing error does not look like a path without changes.
func place(_ path: Text, on overlays: [MountInfo.Entry], of machine: borrowing Machine) throws(Complaint) -> Text {
  let parent = path.parents.last ?? Text()
  let real = try attempt(path) { () throws(Errno) in try machine.root.resolvingLinks(of: parent) }
  let path = (real.isEmpty ? real : Text("/") + real) + path.dropFirst(parent.count)
  for overlay in overlays where path == "/" || overlay.mountPoint.isWithin(path) { return path }
  for overlay in overlays where overlay.mountPoint == "/" || path.isWithin(overlay.mountPoint) {
    // The upper may have it below another mount, and a committed layer below a deleted directory.
    for layer in [Text(), Paths.lower, (overlay.layersDirectory ?? Text()) + "/upper", (machine.layers(of: overlay) ?? Text()) + "/upper"] where machine.has(layer + path) { return path }
    throw Complaint(path + " is neither in the image nor on the overlay")
  }
  throw Complaint(path + " is not on an overlay of preroot")
}

extension Machine {
  /// Returns whether the file exists; a dangling symbolic link counts.
  borrowing func has(_ path: Text) -> Bool { target(ofLink: path) != nil || exists(path) }
}

/// The same directory in the layers of an overlay and in the merged view.
private struct Layers: ~Copyable {
  var upper, lower, merged: Descent
  /// The overlay's st_dev: all directories of the overlay have it, and a mount on one does not. See linux: overlayfs.rst, "Inode properties".
  let device: UInt64

  init(of overlay: MountInfo.Entry) throws(Errno) {
    let upper = try Descent(from: overlay.upperDirectory ?? Text())
    let lower = try Descent(from: overlay.lowerDirectory)
    let merged = try Descent(from: overlay.mountPoint, staysOnDevice: true)
    device = merged.device
    self.upper = upper
    self.lower = lower
    self.merged = merged
  }
}

extension Layers {
  @inline(never) mutating func enter(_ name: Text, _ look: Look) throws(Errno) {
    if look == .layered { try upper.enter(name) }
    if look != .alone { try lower.enter(name) }
    try merged.enter(name)
  }

  @inline(never) mutating func leave(_ look: Look) throws(Errno) {
    if look == .layered { try upper.leave() }
    if look != .alone { try lower.leave() }
    try merged.leave()
  }

  /// Adds the names to compare in a directory, in reverse order.
  @inline(never) func addNames(_ look: Look, to names: inout [Text]) throws(Errno) {
    // Another mount covers this directory of the overlay.
    if look != .layered, !merged.isPresent { return }
    var found = look == .layered ? try upper.names() : try merged.names()
    if look == .apart { found += try lower.names() }
    found.sort()
    while let name = found.popLast() {
      if !(name == names.last! || name == "." || name == "..") { names.add(name) }
    }
  }

  /// Returns whether the lower's directory does not show through: the upper's replaced it, or was renamed to this name.
  func upperIsAlone(at name: Text) -> Bool {
    upper.attribute("trusted.overlay.opaque", of: name)?.hasPrefix("y") == true || upper.attribute("trusted.overlay.redirect", of: name) != nil
  }
}

/// How to compare a directory.
private enum Look {
  /// Compare the upper, which contains only differences, with the lower.
  case layered
  /// Compare the merged view with all that the lower has under this name; nothing of the lower shows through.
  case apart
  /// List the merged view; the lower has no such directory.
  case alone
}

private struct Difference {
  private let limits: [Text]
  private var progress = Progress()
  /// Whether someone watches the output.
  private let isRead = StandardOutput.isTerminal
  /// Output lines, collected to save system calls.
  private var lines = Text()
  /// The error of writing the lines; nil if there was none.
  private var failure: Errno?
  /// The current path. There is only one: a tree may be deeper than a path can be long, and a copy for each level would take too much memory.
  private var path = Text()

  init(limitedTo limits: [Text]) { self.limits = limits }

  mutating func compare(_ overlay: MountInfo.Entry) throws(Complaint) {
    path = overlay.mountPoint == "/" ? Text() : overlay.mountPoint
    do throws(Errno) {
      var layers = try Layers(of: overlay)
      // The names still to compare, the next one last; an empty name marks the end of a directory.
      var names: [Text] = [""]
      // The way down to the current directory.
      var looks = [Look.layered]
      try layers.addNames(.layered, to: &names)
      while failure == nil, let name = names.popLast() {
        if name.isEmpty {
          let look = looks.popLast()!
          if looks.isEmpty { return }
          try layers.leave(look)
        } else {
          path.append(Text("/") + name)
          progress.pass(path)
          if isOnTheWay, let look = try look(at: name, looks.last!, layers) {
            try layers.enter(name, look)
            looks.append(look)
            names.add("")
            try layers.addNames(look, to: &names)
            continue
          }
        }
        path = path[0..<path.lastPlace(of: UInt8(ascii: "/"))!]
      }
    } catch {
      progress.hide()
      throw Complaint(path + ": " + error.text)
    }
  }

  /// Reports a change of a name in the current directory.
  ///
  /// - Returns: how to compare the directory of this name; nil if there is nothing more to compare.
  private mutating func look(at name: Text, _ look: Look, _ layers: borrowing Layers) throws(Errno) -> Look? {
    let lower = look == .alone ? nil : try layers.lower.status(of: name)
    let isLayered = look == .layered
    guard let here = isLayered ? try layers.upper.status(of: name) : try layers.merged.status(of: name) else {
      // In the upper, the file was deleted after its name was read.
      if lower != nil, !isLayered { sayDeleted() }
      return nil
    }
    if isLayered, here.isWhiteout || layers.upper.attribute("trusted.overlay.whiteout", of: name) != nil {
      if lower != nil { sayDeleted() }
      return nil
    }
    if here.isDirectory, let lower, lower.isDirectory {
      if !here.hasOwnerAndMode(of: lower) { say("M") }
      if isLayered { return layers.upperIsAlone(at: name) ? .apart : .layered }
      return here.device == layers.device ? .apart : nil
    }
    // In the upper, a file that was opened for writing counts as changed.
    if isLayered || lower.map({ !$0.looksLike(here) }) != false { say(lower == nil ? "A" : "M") }
    // Not from the upper: a renamed directory shows the lower's contents.
    return here.isDirectory && (isLayered || here.device == layers.device) ? .alone : nil
  }

  // MARK: Pieces

  /// Whether the path is within the limits, or above one.
  private var isOnTheWay: Bool { limits.isEmpty || limits.contains { path.isWithin($0) || $0.isWithin(path) || $0 == "/" } }

  @inline(never) private mutating func say(_ letter: Text) {
    if limits.isEmpty || limits.contains(where: { path.isWithin($0) || $0 == "/" }) { say(letter, path) }
  }

  /// Reports a deletion once, without the files below; but a limit below the path is deleted, too.
  private mutating func sayDeleted() {
    say("D")
    for limit in limits where limit.isWithin(path) && !(limit == path) { say("D", limit) }
  }

  @inline(never) private mutating func say(_ letter: Text, _ path: Text) {
    if isRead { progress.hide() }
    lines.append(letter + " " + path.escapedForList + "\n")
    if lines.count > 4096 || isRead { write() }
  }

  private mutating func write() {
    do throws(Errno) { try StandardOutput.write(lines) } catch { failure = error }
    lines = Text()
  }

  mutating func finish() throws(Complaint) {
    progress.hide()
    if failure == nil { write() }
    if let failure { throw Complaint(unwritten: failure) }
  }
}

/// Shows progress to a user who waits at a terminal.
private struct Progress {
  private let isShown = StandardError.isTerminal
  private var count = 0
  private var isOnScreen = false

  mutating func pass(_ path: Text) {
    count += 1
    guard isShown, count % 1000 == 0 else { return }
    var path = path.escapedForList
    if path.count > 60 { path = path[0..<57] + "..." }
    // See console_codes(4): erase to the end of the line.
    StandardError.write(Text("\r") + Text(decimal: count) + " " + path + "\u{1b}[K")
    isOnScreen = true
  }

  mutating func hide() {
    if isOnScreen { StandardError.write("\r\u{1b}[K") }
    isOnScreen = false
  }
}
