import PrerootCore
import PrerootSystem

/// What was written since the upper was empty: a line for each path that the lower has not (A), has otherwise (M), or that is
/// hidden (D).
///
/// - Parameter paths: what it is limited to; nothing for all.
func diff(_ paths: [Text], on machine: borrowing Machine) throws(Complaint) -> Int32 {
  try Machine.requireSuperuser(to: "see what the upper hides (trusted.* attributes)")
  let overlays = BootFacts(asSeenOn: machine).mountInfo.overlays
  if overlays.isEmpty { throw Complaint("There is no overlay of preroot's; 'preroot status' says why") }
  var difference = Difference(limitedTo: paths)
  for overlay in overlays { try difference.compare(overlay) }
  try difference.finish()
  return ExitStatus.success
}

/// The same place in the layers of an overlay, and in what comes of them.
private struct Layers {
  var upper, lower, merged: Text

  func child(_ name: Text) -> Layers {
    let end = Text("/") + name
    return Layers(upper: upper + end, lower: lower + end, merged: merged + end)
  }
}

private struct Difference {
  private let limits: [Text]
  /// Of the overlay: all its directories have it, and what is mounted on one has not. See linux: overlayfs.rst, "Inode properties".
  private var device: UInt64 = 0
  private var progress = Progress()
  /// Whether somebody reads what is printed, while it is.
  private let isRead = StandardOutput.isTerminal
  /// Lines, kept until there are enough of them for a system call.
  private var lines = Text()

  init(limitedTo limits: [Text]) { self.limits = limits }

  // MARK: Where the layers lie on each other

  mutating func compare(_ overlay: MountInfo.Entry) throws(Complaint) {
    guard let upper = overlay.upperDirectory else { throw Complaint(Text("The mount table does not say where the upper of ") + overlay.mountPoint + " is") }
    device = try attempt(overlay.mountPoint) { () throws(Errno) in try FileStatus(of: overlay.mountPoint).device }
    let place = overlay.mountPoint == "/" ? Text() : overlay.mountPoint
    try compare(Layers(upper: upper, lower: overlay.lowerDirectory, merged: place), at: place)
  }

  /// Goes through the upper, which has nothing but what differs.
  private mutating func compare(_ layers: Layers, at path: Text) throws(Complaint) {
    for name in sorted(FileDescriptor.names(inDirectory: layers.upper)) {
      let path = path + "/" + name, layers = layers.child(name)
      guard isOnTheWay(path) else { continue }
      progress.pass(path)
      guard let upper = try? FileStatus(of: layers.upper) else { continue }
      let lower = try? FileStatus(of: layers.lower)
      if upper.isWhiteout || FileStatus.attribute("trusted.overlay.whiteout", of: layers.upper) != nil {
        if lower != nil { try say("D", path) }
      } else if !upper.isDirectory || lower?.isDirectory != true {
        try say(lower == nil ? "A" : "M", path)
        // Not from the upper: a directory that was renamed shows what it had in the lower.
        if upper.isDirectory { try list(layers.merged, at: path) }
      } else {
        if !upper.hasOwnerAndMode(of: lower!) { try say("M", path) }
        if layers.upperIsAlone {
          try compareAll(layers, at: path)
        } else {
          try compare(layers, at: path)
        }
      }
    }
  }

  // MARK: Where they do not

  /// Goes through all that is to be seen in a directory, and all that is in the lower's of the same name, of which nothing shows through.
  private mutating func compareAll(_ layers: Layers, at path: Text) throws(Complaint) {
    var last = Text()
    for name in sorted(FileDescriptor.names(inDirectory: layers.merged) + FileDescriptor.names(inDirectory: layers.lower)) where !(name == last) {
      last = name
      let path = path + "/" + name, layers = layers.child(name)
      guard isOnTheWay(path) else { continue }
      progress.pass(path)
      let lower = try? FileStatus(of: layers.lower)
      guard let here = try? FileStatus(of: layers.merged) else {
        if lower != nil { try say("D", path) }
        continue
      }
      if here.isDirectory, let lower, lower.isDirectory {
        if !here.hasOwnerAndMode(of: lower) { try say("M", path) }
        if here.device == device { try compareAll(layers, at: path) }
      } else {
        if lower.map({ !$0.looksLike(here) }) ?? true { try say(lower == nil ? "A" : "M", path) }
        if here.isDirectory { try list(layers.merged, at: path) }
      }
    }
  }

  /// All that is to be seen in a directory that the lower has not, but for what is mounted there.
  private mutating func list(_ merged: Text, at path: Text) throws(Complaint) {
    guard let here = try? FileStatus(of: merged), here.device == device else { return }
    for name in sorted(FileDescriptor.names(inDirectory: merged)) {
      let path = path + "/" + name, merged = merged + "/" + name
      guard isOnTheWay(path), let child = try? FileStatus(of: merged) else { continue }
      progress.pass(path)
      try say("A", path)
      if child.isDirectory { try list(merged, at: path) }
    }
  }

  // MARK: Pieces

  @inline(never) private func sorted(_ names: [Text]) -> [Text] {
    names.filter { !($0 == "." || $0 == "..") }.sorted { $0 < $1 }
  }

  /// Whether it is within the limits, or may have something below it that is.
  private func isOnTheWay(_ path: Text) -> Bool {
    limits.isEmpty || limits.contains { path.isWithin($0) || $0.isWithin(path) || $0 == "/" }
  }

  @inline(never) private mutating func say(_ letter: StaticString, _ path: Text) throws(Complaint) {
    guard limits.isEmpty || limits.contains(where: { path.isWithin($0) || $0 == "/" }) else { return }
    if isRead { progress.hide() }
    lines.append(Text(stringLiteral: letter) + " " + path.escapedForLine + "\n")
    if lines.count > 4096 || isRead { try write() }
  }

  private mutating func write() throws(Complaint) {
    let text = lines
    try attempt("Cannot write") { () throws(Errno) in try StandardOutput.write(text) }
    lines = Text()
  }

  mutating func finish() throws(Complaint) {
    progress.hide()
    try write()
  }
}

extension Layers {
  /// Whether nothing of the lower's directory shows through: another one took its place, or one came there by another name.
  fileprivate var upperIsAlone: Bool {
    FileStatus.attribute("trusted.overlay.opaque", of: upper)?.hasPrefix("y") == true
      || FileStatus.attribute("trusted.overlay.redirect", of: upper) != nil
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
    var path = path.escapedForLine
    if path.count > 60 { path = Text(path.bytes[..<57]) + "..." }
    // See console_codes(4): erase to the end of the line.
    StandardError.say(Text("\r") + Text(decimal: count) + " " + path + "\u{1b}[K")
    isOnScreen = true
  }

  mutating func hide() {
    if isOnScreen { StandardError.say("\r\u{1b}[K") }
    isOnScreen = false
  }
}

extension Text {
  /// As the kernel has paths in its tables: what would end the line, or could play tricks on a terminal, in octal digits.
  fileprivate var escapedForLine: Text {
    var out = Text()
    for byte in bytes {
      if byte >= 0x20, byte != 0x7f, byte != UInt8(ascii: "\\") {
        out.append(byte)
      } else {
        out.append(UInt8(ascii: "\\"))
        for shift in [6, 3, 0] as [UInt8] { out.append(byte >> shift & 7 + UInt8(ascii: "0")) }
      }
    }
    return out
  }
}
