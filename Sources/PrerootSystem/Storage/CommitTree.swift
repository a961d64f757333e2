// SPDX-License-Identifier: MIT
import PrerootCore

/// Builds the layer that `preroot commit` puts beside the upper: what was committed before, and what the memory has of the selected paths.
///
/// The new layer shows the same over the image as the memory over the upper does. A file that has not changed is a second name of the
/// upper's file, so it takes no room; no layer that an overlay stands on changes.
public struct CommitTree: ~Copyable {
  /// The layer in memory; the layer on the device that it stands on; the layer to which the paths that are not selected belong; the image.
  private var memory, upper, base, image: Descent
  private var result: Descent
  /// The top of `result`, for hard links.
  private let top: Directory
  /// Empty for all paths.
  private let selected: [Text]
  /// The files in memory with several names, and where the first of them is in `result`.
  private var links: [(inode: UInt64, path: Text)] = []
  private var names: [Text] = []
  private var levels: [Level] = []

  /// Where the work is, or where it failed.
  public private(set) var path = Text()
  /// The number of files, links, directories and deletions that the memory has, besides the directories above them.
  public private(set) var changes = 0
  /// The files that changed while they were copied.
  public private(set) var unsteady: [Text] = []

  /// - Parameters:
  ///   - layers: the directory of the layers on the device. There must be no `committing` in it.
  ///   - base: the name of the newest layer there; nil if there is none.
  ///   - selected: empty for all paths.
  public init(of memory: Text, in layers: Text, over base: Text?, selected: [Text]) throws(Errno) {
    let memory = try Descent(from: memory + "/upper")
    var upper = try Descent(from: layers)
    try upper.enter("upper")
    var newest = try Descent(from: layers)
    try newest.enter(base ?? "upper")
    let image = try Descent(from: Paths.lower)
    var result = try Descent(from: layers)
    try result.makeDirectory(StoreFacts.unfinishedCommit)
    try result.enter(StoreFacts.unfinishedCommit)
    let top = try Directory(layers + "/" + StoreFacts.unfinishedCommit)
    self.memory = memory
    self.upper = upper
    self.base = newest
    self.image = image
    self.result = result
    self.top = top
    self.selected = selected.contains { $0 == "/" } ? [] : selected
  }

  /// Builds the layer in `committing`, and flushes it to the disk.
  public mutating func build() throws(Errno) {
    let isWhole = selected.isEmpty
    push(Level(isWhole ? .written : .passed, .memory, showsImage: true, isHidden: false, hasUpper: upper.isPresent, isOpaque: false))
    try addNames()
    while let name = names.popLast() {
      if name.isEmpty {
        let level = levels.popLast()!
        if levels.isEmpty { break }
        try leave(level)
        try finish(path.fileName, level)
      } else {
        path.append(Text("/") + name)
        if let level = try take(name, levels.last!) {
          try result.makeDirectory(name)
          try enter(name, level)
          push(level)
          try addNames()
          continue
        }
      }
      path = path[0..<path.lastPlace(of: UInt8(ascii: "/"))!]
    }
    path = "/"
    if let status = try memory.status(of: ".") { try result.becomeLike(".", memory, status) }
    try top.syncFileSystem(".")
  }
}

// MARK: Levels

/// A directory on the way down.
private struct Level {
  enum Way {
    /// The memory has it, and it is selected.
    case written
    /// It is above a selected path.
    case passed
    /// Everything in it is as the upper, or the newest layer, has it.
    case unwritten
    case kept
  }
  enum Layer { case memory, upper, base, image }

  let way: Way
  /// What the directory is like.
  let model: Layer
  /// Whether the new layer shows what the image has in it.
  let showsImage: Bool
  /// Whether the overlay hides what the image has in it.
  let isHidden: Bool
  /// Whether the overlay shows what the upper has in it.
  let hasUpper: Bool
  let isOpaque: Bool

  init(_ way: Way, _ model: Layer, showsImage: Bool, isHidden: Bool, hasUpper: Bool, isOpaque: Bool) {
    self.way = way
    self.model = model
    self.showsImage = showsImage
    self.isHidden = isHidden
    self.hasUpper = hasUpper
    self.isOpaque = isOpaque
  }
}

extension CommitTree {
  private mutating func push(_ level: Level) {
    levels.append(level)
    names.add("")
  }

  @inline(never) private mutating func enter(_ name: Text, _ level: Level) throws(Errno) {
    if level.way == .written || level.way == .passed {
      try memory.enter(name)
      try image.enter(name)
    }
    if level.way != .kept { try upper.enter(name) }
    if level.way == .kept || level.way == .passed { try base.enter(name) }
    try result.enter(name)
  }

  @inline(never) private mutating func leave(_ level: Level) throws(Errno) {
    if level.way == .written || level.way == .passed {
      try memory.leave()
      try image.leave()
    }
    if level.way != .kept { try upper.leave() }
    if level.way == .kept || level.way == .passed { try base.leave() }
    try result.leave()
  }

  /// Adds the names in a directory, in reverse order.
  private mutating func addNames() throws(Errno) {
    let level = levels.last!
    var found: [Text]
    switch level.way {
    case .written: found = try memory.names() + (level.hasUpper ? try upper.names() : [])
    case .passed:
      found = try base.names()
      for limit in selected where limit.isWithin(path) && limit.count > path.count {
        found.add(limit.dropFirst(path.count + 1).split(at: UInt8(ascii: "/")).first ?? Text())
      }
    case .unwritten: found = try upper.names()
    case .kept: found = try base.names()
    }
    found.sort()
    while let name = found.popLast() where !name.isEmpty {
      if !(name == names.last!) { names.add(name) }
    }
  }

  /// Gives a finished directory its attributes.
  private func finish(_ name: Text, _ level: Level) throws(Errno) {
    switch level.model {
    case .memory: try finish(name, memory)
    case .upper: try finish(name, upper)
    case .base: try finish(name, base)
    case .image: try finish(name, image)
    }
    if level.isOpaque { try result.makeOpaque(name) }
  }

  @inline(never) private func finish(_ name: Text, _ model: borrowing Descent) throws(Errno) {
    // Another process may have deleted it in memory.
    if let status = try model.status(of: name) { try result.becomeLike(name, model, status) }
  }
}

// MARK: Names

extension CommitTree {
  /// Puts a file into the new layer.
  ///
  /// - Returns: for a directory, how to go on in it; nil if there is nothing more to do.
  private mutating func take(_ name: Text, _ level: Level) throws(Errno) -> Level? {
    switch level.way {
    case .written: return try takeWritten(name, level)
    case .unwritten: return try takeUnwritten(name)
    case .kept: return try takeKept(name)
    case .passed:
      if selected.contains(where: { path.isWithin($0) }) { return try takeWritten(name, level) }
      return selected.contains { $0.isWithin(path) } ? try pass(name, level) : try takeKept(name)
    }
  }

  private func takeUnwritten(_ name: Text) throws(Errno) -> Level? {
    guard let status = try upper.status(of: name) else { return nil }
    if status.isDirectory { return Level(.unwritten, .upper, showsImage: false, isHidden: true, hasUpper: true, isOpaque: upper.isOpaque(name)) }
    try link(name, upper, status)
    return nil
  }

  private func takeKept(_ name: Text) throws(Errno) -> Level? {
    guard let status = try base.status(of: name) else { return nil }
    if status.isDirectory { return Level(.kept, .base, showsImage: false, isHidden: true, hasUpper: false, isOpaque: base.isOpaque(name)) }
    try link(name, base, status)
    return nil
  }

  /// A file that must not change (chattr(1), +i) gets no second name, and a file has a maximum of them.
  @inline(never) private func link(_ name: Text, _ source: borrowing Descent, _ status: FileStatus) throws(Errno) {
    do throws(Errno) { try result.link(name, from: source) } catch {
      guard error == .notPermitted || error == .tooManyHardLinks else { throw error }
      try result.copy(name, from: source, status)
    }
  }

  private mutating func takeWritten(_ name: Text, _ level: Level) throws(Errno) -> Level? {
    let below = level.hasUpper ? try upper.status(of: name) : nil
    let inImage = level.showsImage ? try image.status(of: name) : nil
    guard let here = try memory.status(of: name) else {
      guard let below else {
        // Deleted with its directory, of which not everything was selected.
        if level.isHidden, inImage != nil { try hide(name) }
        return nil
      }
      if below.isWhiteout {
        if inImage != nil { try result.makeWhiteout(name) }
        return nil
      }
      guard below.isDirectory else {
        try link(name, upper, below)
        return nil
      }
      return Level(.unwritten, .upper, showsImage: false, isHidden: true, hasUpper: true, isOpaque: upper.isOpaque(name) || level.isHidden && inImage != nil)
    }
    if here.isWhiteout {
      if inImage != nil { try hide(name) } else { changes += 1 }
      return nil
    }
    if !here.isDirectory {
      try copy(name, here)
      return nil
    }
    let isMerged = below?.isDirectory == true && !memory.isOpaque(name)
    let hidesImage = isMerged ? upper.isOpaque(name) : below != nil || memory.isOpaque(name)
    let isOpaque = hidesImage || level.isHidden && inImage != nil
    let model = isMerged ? below : hidesImage ? nil : inImage
    if model?.hasOwnerAndMode(of: here) != true { changes += 1 }
    return Level(
      .written, .memory, showsImage: !isOpaque && inImage?.isDirectory == true, isHidden: level.isHidden || hidesImage, hasUpper: isMerged, isOpaque: isOpaque)
  }

  private mutating func hide(_ name: Text) throws(Errno) {
    try result.makeWhiteout(name)
    changes += 1
  }

  /// Copies a file of the memory. One that changes meanwhile is copied again, twice at most: a log may never stand still.
  private mutating func copy(_ name: Text, _ found: FileStatus) throws(Errno) {
    var before = found
    if before.links > 1 {
      for link in links where link.inode == before.inode {
        try result.link(name, toFile: link.path, below: top)
        changes += 1
        return
      }
    }
    for attempt in 1...3 {
      do throws(Errno) { try result.copy(name, from: memory, before) } catch {
        // Deleted meanwhile.
        guard error == .noSuchFileOrDirectory else { throw error }
        try? result.remove(name)
        return
      }
      guard let after = try memory.status(of: name), after.looksLike(before), after.inode == before.inode else {
        guard let after = try memory.status(of: name), !after.isDirectory, attempt < 3 else {
          unsteady.append(path)
          break
        }
        try result.remove(name)
        before = after
        continue
      }
      break
    }
    changes += 1
    // linkat(2) takes no longer path; then each name gets a copy.
    if found.links > 1, path.count < 4000 { links.append((found.inode, path.asRelative)) }
  }

  /// Goes through a directory above a selected path. Of the directory itself, nothing is kept that is not needed to reach that path.
  private func pass(_ name: Text, _ level: Level) throws(Errno) -> Level? {
    let kept = try base.status(of: name), here = try memory.status(of: name), inImage = try image.status(of: name)
    let below = level.hasUpper ? try upper.status(of: name) : nil
    let isCut = here.map { !$0.isDirectory || memory.isOpaque(name) } == true
    let isMerged = !isCut && below?.isDirectory == true
    let isHidden = level.isHidden || isCut || (below != nil && (!isMerged || upper.isOpaque(name)))
    var model = Level.Layer.base, isOpaque = false
    if let kept, kept.isDirectory {
      isOpaque = base.isOpaque(name)
    } else if here?.isDirectory == true {
      if let kept, !kept.isWhiteout { throw .notDirectory }
      model = .memory
      isOpaque = kept != nil
    } else if let kept {
      // What is selected does not exist.
      try link(name, base, kept)
      return nil
    } else if level.showsImage, inImage?.isDirectory == true {
      model = .image
    } else {
      return nil
    }
    return Level(
      .passed, model, showsImage: level.showsImage && !isOpaque && inImage?.isDirectory == true, isHidden: isHidden, hasUpper: isMerged, isOpaque: isOpaque)
  }
}
