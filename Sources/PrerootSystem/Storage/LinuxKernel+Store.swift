// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

// Steps on the upper's file system.

extension LinuxKernel {
  // MARK: Files

  /// A failed write does not stop the boot: the machine has to boot on a full upper, so that something can be deleted.
  mutating func writeDurably(_ contents: Text, to path: Text) {
    do throws(Errno) {
      let place = try Place(path)
      try place.directory.replaceDurably(place.path, contents: contents)
    } catch {
      remarks.append(Remark(.warning, Text("Cannot write ") + path + (error == .noSpace ? ", the upper is full" as Text : Text(", ignoring: ") + error.text)))
    }
  }

  func removeDurably(_ path: Text) throws(Errno) {
    let place = try Place(path)
    if place.exists { try place.directory.removeDurably(place.path) }
  }

  // MARK: Layers

  /// Leaves an existing directory alone: it has been in use, and the machine may have changed its owner and mode. Makes a new one under a
  /// temporary name, so that after a power cut its mode is never too permissive.
  func makeStoreDirectory(_ path: Text, like model: Text) throws(Errno) {
    let place = try Place(path)
    if place.exists {
      _ = try place.directory.open(place.path, .directory)
      return
    }
    let model = try Place(model)
    try place.directory.makeDirectoryDurably(place.path, like: try model.directory.open(model.path, .toList))
  }

  func setAside(_ path: Text, as newPath: Text) throws(Errno) {
    let place = try Place(path), newPlace = try Place(newPath)
    if !place.exists { return }
    if newPlace.exists { throw .fileExists }
    try place.directory.renameDurably(place.path, to: newPlace.path)
  }

  func takeBack(_ path: Text, from oldPath: Text) throws(Errno) {
    let place = try Place(path), oldPlace = try Place(oldPath)
    // A symbolic link on the way is an error, too, and is reported.
    do throws(Errno) { _ = try oldPlace.directory.status(of: oldPlace.path) } catch {
      guard error == .noSuchFileOrDirectory else { throw error }
      return
    }
    for parent in place.path.parents where !place.directory.exists(parent) {
      // Both paths have the same end.
      try place.directory.makeDirectoryDurably(parent, like: try oldPlace.directory.open(oldPlace.path.dropLast(place.path.count - parent.count), .toList))
    }
    try place.directory.renameDurably(oldPlace.path, to: place.path)
  }

  /// A failure costs space, and nothing else.
  mutating func deleteTree(_ path: Text) {
    do throws(Errno) {
      let place = try Place(path)
      if !place.exists { return }
      let outcome = try Self.removeTree(path)
      if !outcome.isSuccess { _ = report(outcome, of: "rm") }
    } catch {
      remarks.append(Remark(.error, Text("Cannot delete ") + path + ", ignoring: " + error.text))
    }
  }

  private static func removeTree(_ path: Text) throws(Errno) -> Program.Outcome {
    try Program.run(Text("rm -rf --").words + [path], limitMicroseconds: TimeLimit.deletion.microseconds)
  }

  // MARK: Past the overlay

  /// Copies under a temporary name first, so that a partial copy never counts as complete.
  mutating func seed(_ path: Text, from model: Text) throws(Errno) {
    let place = try Place(path), model = try Place(model)
    if place.exists {
      _ = try place.directory.open(place.path, .directory)
      return
    }
    guard model.exists else { return try place.directory.makeDirectory(place.path) }
    _ = try model.directory.open(model.path, .directory)
    let source = try model.resolved
    try place.directory.replacing(place.path) { temporary throws(Errno) in
      let copy = Paths.store + "/" + temporary
      _ = try Self.removeTree(copy)
      let outcome = try Program.run(Text("cp -a --").words + [source, copy], limitMicroseconds: TimeLimit.copy.microseconds)
      guard outcome.isSuccess else { throw report(outcome, of: "cp") }
      try place.directory.syncFileSystem(temporary)
    }
    try place.directory.syncDirectory(of: place.path)
  }
}
