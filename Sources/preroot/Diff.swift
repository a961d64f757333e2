// SPDX-License-Identifier: MIT
import PrerootCore
import PrerootSystem

/// What was written since the upper was empty: a line for each path that the lower has not (A), has otherwise (M), or that is
/// hidden (D).
///
/// - Parameter paths: what it is limited to; nothing for all.
func diff(_ paths: [Text], on machine: borrowing Machine) throws(Complaint) -> Int32 {
  try Machine.requireSuperuser(to: "see what the upper hides (trusted.* attributes)")
  let overlays = BootFacts(asSeenOn: machine).mountInfo.overlays
  if overlays.isEmpty { throw Complaint("preroot has mounted no overlay; 'preroot status' says why") }
  var limits: [Text] = []
  for path in paths { limits.append(try place(path, on: overlays, of: machine)) }
  var difference = Difference(limitedTo: limits)
  for overlay in overlays { try difference.compare(overlay) }
  try difference.finish()
  return ExitStatus.success
}

/// Where a path is on the overlays, links above it followed.
///
/// - Throws: where there is no such thing, so that a mistyped path is not taken for one on which nothing was written.
private func place(_ path: Text, on overlays: [MountInfo.Entry], of machine: borrowing Machine) throws(Complaint) -> Text {
  let parent = path.parents.last ?? Text()
  let real = try attempt(path) { () throws(Errno) in try machine.root.resolvingLinks(of: parent) }
  let path = (real.isEmpty ? real : Text("/") + real) + Text(path.bytes[parent.count...])
  for overlay in overlays where path == "/" || overlay.mountPoint.isWithin(path) { return path }
  for overlay in overlays where overlay.mountPoint == "/" || path.isWithin(overlay.mountPoint) {
    // The upper may have it below what is mounted over it.
    for layer in [Text(), Paths.lower, (overlay.layersDirectory ?? Text()) + "/upper"] where machine.has(layer + path) { return path }
    throw Complaint(path + " is neither in the image nor on the overlay")
  }
  throw Complaint(path + " is not on an overlay of preroot")
}

extension Machine {
  /// Whether there is something, a link that leads nowhere included.
  borrowing func has(_ path: Text) -> Bool { target(ofLink: path) != nil || exists(path) }
}

/// The same place in the layers of an overlay, and in what comes of them.
private struct Layers: ~Copyable {
  var upper, lower, merged: Descent
  /// Of the overlay: all its directories have it, and what is mounted on one has not. See linux: overlayfs.rst, "Inode properties".
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

  /// Adds what is looked at in a directory, the last name first.
  @inline(never) func addNames(_ look: Look, to names: inout [Text]) throws(Errno) {
    // Below what is mounted there it is past the overlay.
    if look != .layered, !merged.isPresent { return }
    var found = look == .layered ? try upper.names() : try merged.names()
    if look == .apart { found += try lower.names() }
    found.sort()
    while let name = found.popLast() {
      if !(name == names.last! || name == "." || name == "..") { names.add(name) }
    }
  }

  /// Whether nothing shows through of the lower's directory: another one took its place, or one came there by another name.
  func upperIsAlone(at name: Text) -> Bool {
    upper.attribute("trusted.overlay.opaque", of: name)?.hasPrefix("y") == true || upper.attribute("trusted.overlay.redirect", of: name) != nil
  }
}

/// How a directory is compared.
private enum Look: UInt8 {
  /// What is in the upper, which has nothing but what differs, with the lower.
  case layered
  /// All that is to be seen with all that the lower has under the same name, of which nothing shows through.
  case apart
  /// All that is to be seen; the lower has no such directory.
  case alone
}

private struct Difference {
  private let limits: [Text]
  private var progress = Progress()
  /// Whether somebody reads what is printed, while it is.
  private let isRead = StandardOutput.isTerminal
  /// Lines, kept until there are enough of them for a system call.
  private var lines = Text()
  /// Why they could not be written; nil where they could.
  private var failure: Errno?
  /// Where it is. There is one of it: a tree may be deeper than a path can be long, and a copy for each level would be too much.
  private var path = Text()

  init(limitedTo limits: [Text]) { self.limits = limits }

  mutating func compare(_ overlay: MountInfo.Entry) throws(Complaint) {
    path = overlay.mountPoint == "/" ? Text() : overlay.mountPoint
    do throws(Errno) {
      var layers = try Layers(of: overlay)
      // What is still to be looked at, the next name last, and an empty one where a directory ends.
      var names: [Text] = [""]
      // The way down to where it is.
      var looks = Text([Look.layered.rawValue])
      try layers.addNames(.layered, to: &names)
      while failure == nil, let name = names.popLast() {
        if name.isEmpty {
          let look = Look(rawValue: looks.bytes.popLast()!)!
          if looks.isEmpty { return }
          try layers.leave(look)
        } else {
          path.append(Text("/") + name)
          progress.pass(path)
          if isOnTheWay, let look = try look(at: name, Look(rawValue: looks.bytes.last!)!, layers) {
            try layers.enter(name, look)
            looks.append(look.rawValue)
            names.add("")
            try layers.addNames(look, to: &names)
            continue
          }
        }
        path = Text(path.bytes[..<path.bytes.lastIndex(of: UInt8(ascii: "/"))!])
      }
    } catch {
      progress.hide()
      throw Complaint(path + ": " + error.text)
    }
  }

  /// Tells what has become of a name in the directory that the layers are in.
  ///
  /// - Returns: how to look at what is in it, if there is more to be seen.
  private mutating func look(at name: Text, _ look: Look, _ layers: borrowing Layers) throws(Errno) -> Look? {
    let lower = look == .alone ? nil : try layers.lower.status(of: name)
    let isLayered = look == .layered
    guard let here = isLayered ? try layers.upper.status(of: name) : try layers.merged.status(of: name) else {
      // In the upper, it has gone since its name was read.
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
    // What was opened for writing counts as written in the upper.
    if isLayered || lower.map({ !$0.looksLike(here) }) != false { say(lower == nil ? "A" : "M") }
    // Never from the upper: a directory that was renamed shows what it had in the lower.
    return here.isDirectory && (isLayered || here.device == layers.device) ? .alone : nil
  }

  // MARK: Pieces

  /// Whether the path is within the limits, or may have something below it that is.
  private var isOnTheWay: Bool { limits.isEmpty || limits.contains { path.isWithin($0) || $0.isWithin(path) || $0 == "/" } }

  @inline(never) private mutating func say(_ letter: StaticString) {
    if limits.isEmpty || limits.contains(where: { path.isWithin($0) || $0 == "/" }) { say(letter, path) }
  }

  /// With a path, what is below it is not listed; a limit that is below it has gone with it.
  private mutating func sayDeleted() {
    say("D")
    for limit in limits where limit.isWithin(path) && !(limit == path) { say("D", limit) }
  }

  @inline(never) private mutating func say(_ letter: StaticString, _ path: Text) {
    if isRead { progress.hide() }
    lines.append(Text(stringLiteral: letter) + " " + path.escapedForList + "\n")
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

/// How far it is, for somebody who waits at a terminal.
private struct Progress {
  private let isShown = StandardError.isTerminal
  private var count = 0
  private var isOnScreen = false

  mutating func pass(_ path: Text) {
    count += 1
    guard isShown, count % 1000 == 0 else { return }
    var path = path.escapedForList
    if path.count > 60 { path = Text(path.bytes[..<57]) + "..." }
    // See console_codes(4): erase to the end of the line.
    StandardError.write(Text("\r") + Text(decimal: count) + " " + path + "\u{1b}[K")
    isOnScreen = true
  }

  mutating func hide() {
    if isOnScreen { StandardError.write("\r\u{1b}[K") }
    isOnScreen = false
  }
}
