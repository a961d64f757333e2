// SPDX-License-Identifier: MIT
import PrerootCore

/// Builds the layer that `preroot commit` puts beside the upper: what was committed before, and what the memory has of the selected paths.
///
/// Over the image, the new layer shows what the memory shows over the upper. A file that has not changed is a second name of the upper's
/// file, so it takes no room, and no layer below an overlay changes. The overlay on the memory records no redirects and no metadata-only
/// copies (`OverlayPlan.mountOverlay`), so whiteouts and opaque directories are all that has to be understood.
public struct CommitTree: ~Copyable {
  /// The layer in memory; the layer on the device that it stands on; the layer that has the paths that are not selected; the image.
  private var memory, upper, base, image: Descent
  private var result: Descent
  /// The top of `result`, for hard links.
  private let top: Directory
  /// Empty for all paths.
  private let selected: [Text]
  /// The files in memory with several names, and where the first of them is in `result`.
  private var links: [(inode: UInt64, path: Text)] = []
  /// The names still to take, the next one last; an empty name marks the end of a directory.
  private var names: [Text] = []
  /// The way down to the current directory.
  private var levels: [Level] = []

  /// Where the work is, or where it failed.
  public private(set) var path = Text()
  /// Whether the memory has anything of what is selected.
  public private(set) var hasWritten = false
  /// The number of files, links, directories and deletions that the memory has, besides directories that are otherwise unchanged.
  public private(set) var changes = 0
  /// The files that changed while they were copied.
  public private(set) var unsteady: [Text] = []

  /// - Parameters:
  ///   - layers: the directory of the layers on the device. There must be no `committing` in it.
  ///   - base: the name of the newest layer there; nil if there is none.
  ///   - selected: empty for all paths.
  public init(of memory: Text, in layers: Text, over image: Text, base: Text?, selected: [Text]) throws(Errno) {
    let memory = try Descent(from: memory + "/upper")
    var upper = try Descent(from: layers)
    try upper.enter("upper")
    var newest = try Descent(from: layers)
    try newest.enter(base ?? "upper")
    let image = try Descent(from: image)
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
    push(Level(isWhole ? .written : .passed, isWhole || !base.isPresent ? .memory : .base, showsImage: true, hasUpper: upper.isPresent))
    try addNames()
    while let name = names.popLast() {
      if name.isEmpty {
        let level = levels.popLast()!
        if levels.isEmpty {
          try finish(".", level)
          break
        }
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
    try top.syncFileSystem(".")
  }
}

// MARK: Levels

/// A directory on the way down.
private struct Level {
  enum Way {
    /// It is selected, and the memory has it.
    case written
    /// It is above a selected path.
    case passed
    /// Everything in it is as the upper, or as the newest layer, has it.
    case upper, base
  }
  enum Layer { case memory, upper, base, image }

  let way: Way
  /// What the directory is like.
  let model: Layer
  /// Whether the new layer shows what the image has in it.
  let showsImage: Bool
  /// Whether the overlay shows what the upper has in it.
  let hasUpper: Bool
  let isOpaque: Bool

  init(_ way: Way, _ model: Layer, showsImage: Bool = false, hasUpper: Bool = false, isOpaque: Bool = false) {
    self.way = way
    self.model = model
    self.showsImage = showsImage
    self.hasUpper = hasUpper
    self.isOpaque = isOpaque
  }

  var isInMemory: Bool { way == .written || way == .passed }
  var isInBase: Bool { way == .base || way == .passed }
}

extension CommitTree {
  private mutating func push(_ level: Level) {
    levels.append(level)
    names.add("")
  }

  @inline(never) private mutating func enter(_ name: Text, _ level: Level) throws(Errno) {
    if level.isInMemory {
      try memory.enter(name)
      try image.enter(name)
    }
    if level.way != .base { try upper.enter(name) }
    if level.isInBase { try base.enter(name) }
    try result.enter(name)
  }

  @inline(never) private mutating func leave(_ level: Level) throws(Errno) {
    if level.isInMemory {
      try memory.leave()
      try image.leave()
    }
    if level.way != .base { try upper.leave() }
    if level.isInBase { try base.leave() }
    try result.leave()
  }

  /// Adds the names in a directory, in reverse order.
  @inline(never) private mutating func addNames() throws(Errno) {
    let level = levels.last!
    var found = level.isInBase ? try base.names() : []
    if level.way == .written { found += try memory.names() }
    if level.way == .upper || (level.way == .written && level.hasUpper) { found += try upper.names() }
    if level.way == .passed {
      for limit in selected where limit.isWithin(path) && limit.count > path.count {
        found.add(limit.dropFirst(path.count).split(at: UInt8(ascii: "/"))[0])
      }
    }
    found.sort()
    while let name = found.popLast() {
      if !(name == names.last! || name == "." || name == "..") { names.add(name) }
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
    case .upper: return try keep(name, upper, .upper, .upper)
    case .base: return try keep(name, base, .base, .base)
    case .passed:
      if selected.contains(where: { path.isWithin($0) }) {
        if try isGone(name, level) {
          hasWritten = true
          changes += 1
        }
        return try takeWritten(name, level)
      }
      return selected.contains { $0.isWithin(path) } ? try pass(name, level) : try keep(name, base, .base, .base)
    }
  }

  /// Whether the newest layer has what this boot has deleted without a trace, such as a file of an earlier commit of this boot.
  private func isGone(_ name: Text, _ level: Level) throws(Errno) -> Bool {
    if try memory.status(of: name) != nil { return false }
    if level.hasUpper, try upper.status(of: name) != nil { return false }
    return try base.status(of: name) != nil
  }

  /// Takes what a layer on the device has.
  @inline(never) private func keep(_ name: Text, _ layer: borrowing Descent, _ way: Level.Way, _ model: Level.Layer) throws(Errno) -> Level? {
    guard let status = try layer.status(of: name) else { return nil }
    if status.isDirectory { return Level(way, model, isOpaque: layer.isOpaque(name)) }
    do throws(Errno) { try result.link(name, from: layer) } catch {
      // A file that must not change (chattr(1), +i) gets no second name, and a file has a maximum of them.
      guard error == .notPermitted || error == .tooManyHardLinks else { throw error }
      try result.copy(name, from: layer, status)
    }
    return nil
  }

  private mutating func takeWritten(_ name: Text, _ level: Level) throws(Errno) -> Level? {
    let below = level.hasUpper ? try upper.status(of: name) : nil
    let inImage = level.showsImage ? try image.status(of: name) : nil
    guard let here = try memory.status(of: name) else {
      // Where nothing of the image shows, readdir(3) would list the whiteout.
      guard let below, !below.isWhiteout || inImage != nil else { return nil }
      return try keep(name, upper, .upper, .upper)
    }
    hasWritten = true
    if here.isWhiteout {
      if inImage != nil { try result.makeWhiteout(name) }
      if inImage != nil || below != nil { changes += 1 }
      return nil
    }
    if !here.isDirectory {
      try copy(name, here)
      return nil
    }
    let isMerged = below?.isDirectory == true && !memory.isOpaque(name)
    let hidesImage = isMerged ? upper.isOpaque(name) : below != nil || memory.isOpaque(name)
    let isAboveImage = inImage?.isDirectory == true
    let before = isMerged ? below : hidesImage ? nil : inImage
    if before?.hasOwnerAndMode(of: here) != true { changes += 1 }
    return Level(.written, .memory, showsImage: isAboveImage && !hidesImage, hasUpper: isMerged, isOpaque: isAboveImage && hidesImage)
  }

  /// Copies a file of the memory. One that changes meanwhile is copied again, twice at most: a log may never stand still.
  private mutating func copy(_ name: Text, _ found: FileStatus) throws(Errno) {
    if found.links > 1 {
      for link in links where link.inode == found.inode {
        try result.link(name, toFile: link.path, below: top)
        changes += 1
        return
      }
    }
    var before = found, attempt = 1
    while true {
      do throws(Errno) { try result.copy(name, from: memory, before) } catch {
        // Deleted meanwhile.
        guard error == .noSuchFileOrDirectory else { throw error }
        try? result.remove(name)
        return
      }
      let now = try memory.status(of: name)
      if let now, now.looksLike(before), now.inode == before.inode { break }
      guard let now, !now.isDirectory, !now.isWhiteout, attempt < 3 else {
        unsteady.append(path)
        break
      }
      try result.remove(name)
      before = now
      attempt += 1
    }
    changes += 1
    // linkat(2) takes no longer path; then each name gets a copy.
    if found.links > 1, path.count < 4000 { links.append((found.inode, path.asRelative)) }
  }

  /// Goes through a directory above a selected path. Of the directory itself, nothing is taken that is not needed to reach that path.
  ///
  /// - Throws: ENOTDIR if the selected path means nothing without the rest of this directory, which was deleted or replaced.
  private func pass(_ name: Text, _ level: Level) throws(Errno) -> Level? {
    let kept = try base.status(of: name), here = try memory.status(of: name)
    let below = level.hasUpper ? try upper.status(of: name) : nil, inImage = level.showsImage ? try image.status(of: name) : nil
    let isAboveImage = inImage?.isDirectory == true
    let isCut = here.map { !$0.isDirectory || memory.isOpaque(name) } == true
    let hasUpper = !isCut && below?.isDirectory == true
    if let kept, kept.isDirectory {
      let isOpaque = base.isOpaque(name)
      if isCut, isAboveImage, !isOpaque { throw .notDirectory }
      return Level(.passed, .base, showsImage: isAboveImage && !isOpaque, hasUpper: hasUpper, isOpaque: isOpaque)
    }
    if kept == nil, isAboveImage {
      if isCut { throw .notDirectory }
      return here == nil ? nil : Level(.passed, .image, showsImage: true, hasUpper: hasUpper)
    }
    // The directory is new.
    guard try isNeeded(name) else { return try keep(name, base, .base, .base) }
    if let before = kept ?? inImage, !before.isWhiteout { throw .notDirectory }
    return Level(.passed, .memory, hasUpper: hasUpper, isOpaque: isAboveImage)
  }

  /// Whether the memory has a selected path below this name.
  private func isNeeded(_ name: Text) throws(Errno) -> Bool {
    for limit in selected where limit.isWithin(path) {
      if let status = try memory.status(of: name + limit.dropFirst(path.count)), !status.isWhiteout { return true }
    }
    return false
  }
}
