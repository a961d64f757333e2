// SPDX-License-Identifier: MIT
import CWitness
import CoreSupport
import Foundation
import Glibc
import PrerootCore
import Support

@testable import PrerootSystem

/// A small tree of files and directories by inode number.
struct SmallTree: Hashable, Sendable {
  let root: UInt64
  var directories: [UInt64: [String: UInt64]] = [:]
  var files: [UInt64: [UInt8]] = [:]
  /// The modes of directories that differ from the usual mode.
  var modes: [UInt64: mode_t] = [:]
  private static let usualMode: mode_t = 0o755

  /// Reads the tree below a directory of the calling thread's root.
  init(readingAt path: String) {
    func number(_ path: String) -> (UInt64, isDirectory: Bool, mode: mode_t) {
      var status = stat()
      lstat(path, &status)
      return (UInt64(status.st_ino), status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o7777)
    }
    root = number(path).0
    var rest = [(path, root)]
    while let (path, directory) = rest.popLast() {
      directories[directory] = [:]
      let mode = number(path).mode
      if mode != Self.usualMode { modes[directory] = mode }
      for name in here().names(in: Text(utf8: path)).map(\.string) where name != "." && name != ".." {
        let (inode, isDirectory, _) = number(path + "/" + name)
        directories[directory]![name] = inode
        if isDirectory { rest.append((path + "/" + name, inode)) } else { files[inode] = Array(((try? here().read(Text(utf8: path + "/" + name))) ?? Text()).string.utf8) }
      }
    }
  }

  /// Creates the tree below an empty directory.
  func write(to path: String) throws {
    var rest = [(path, root)]
    while let (path, directory) = rest.popLast() {
      for (name, inode) in directories[directory] ?? [:] {
        let path = path + "/" + name
        if directories[inode] != nil {
          mkdir(path, Self.usualMode)
          chmod(path, modes[inode] ?? Self.usualMode)
          rest.append((path, inode))
        } else {
          try here().create(Text(utf8: path), contents: Text(files[inode] ?? []))
        }
      }
    }
  }

  /// One line for each file and directory. Two trees have the same listing if a program could not tell them apart.
  var listing: [String] {
    var lines: [String] = [], rest = [("", root)]
    while let (path, directory) = rest.popLast() {
      for (name, inode) in directories[directory] ?? [:] {
        if directories[inode] != nil { rest.append((path + "/" + name, inode)) }
        let contents = directories[inode] == nil ? " " + String(decoding: files[inode] ?? [], as: UTF8.self) : ""
        lines.append(path + "/" + name + contents + (modes[inode].map { " " + String($0, radix: 8) } ?? ""))
      }
    }
    return lines.sorted()
  }
}

/// The change of one operation, or of a part of it that can reach the disk alone.
struct Change: Sendable {
  /// An entry without an inode removes the name.
  var names: [(directory: UInt64, name: String, inode: UInt64?, isDirectory: Bool)] = []
  var contents: (file: UInt64, bytes: [UInt8])?
  var mode: (directory: UInt64, mode: mode_t?)?

  func apply(to tree: inout SmallTree) {
    for (directory, name, inode, isDirectory) in names {
      tree.directories[directory, default: [:]][name] = inode
      if let inode, isDirectory, tree.directories[inode] == nil { tree.directories[inode] = [:] }
    }
    if let contents { tree.files[contents.file] = contents.bytes }
    if let mode { tree.modes[mode.directory] = mode.mode }
  }
}

/// The weakest disk that POSIX allows: after a power cut, each unsynced name and file may or may not be there, independently and in any
/// order. A rename is atomic, as on every file system that can hold an upper.
///
/// ext4 with a journal promises more, and so hides missing syncs; f2fs, UBIFS and others promise other things. See fsync(2), rename(2);
/// Pillai and others, "All File Systems Are Not Created Equal", OSDI 2014.
struct WeakDisk: Sendable {
  enum Event: Sendable {
    case change(Change)
    /// - Parameters:
    ///   - place: the place of the sync in the sources.
    ///   - inode: the file or directory, or nil for the whole file system.
    case sync(place: String, inode: UInt64?)
    /// From here on the disk has to hold this promise.
    case promise(String)
  }

  let base: SmallTree
  var events: [Event] = []

  /// The places in the sources of all syncs.
  var places: [String] {
    events.reduce(into: []) { if case .sync(let place, _) = $1, !$0.contains(place) { $0.append(place) } }
  }

  var syncCount: Int { events.count { if case .sync = $0 { true } else { false } } }

  /// A possible state after a power cut.
  struct State: Hashable {
    let tree: SmallTree
    let promises: [String]
  }

  /// All possible states, or some if there are many: after each event all unsynced changes, none, each one alone, all except each one, and
  /// random subsets.
  ///
  /// - Parameter isDropped: whether to drop a sync, by its place and its number.
  func states(dropping isDropped: (_ place: String, _ number: Int) -> Bool = { _, _ in false }) -> [State] {
    var durable = base, pending: [Change] = [], promises: [String] = []
    var states: [State] = [], seen: Set<Int> = []
    var random = SystemRandomNumberGenerator()
    func add(_ changes: [Change]) {
      var tree = durable
      for change in changes { change.apply(to: &tree) }
      var hasher = Hasher()
      hasher.combine(tree.listing)
      hasher.combine(promises)
      if seen.insert(hasher.finalize()).inserted { states.append(State(tree: tree, promises: promises)) }
    }
    func settle(_ isSettled: (Change) -> Bool) {
      for change in pending where isSettled(change) { change.apply(to: &durable) }
      pending.removeAll(where: isSettled)
    }
    var number = -1
    add([])
    for event in events {
      switch event {
      case .promise(let text): promises.append(text)
      case .change(let change): pending.append(change)
      case .sync(let place, let inode):
        number += 1
        if isDropped(place, number) { continue }
        settle { change in inode == nil || change.contents?.file == inode || change.mode?.directory == inode || change.names.contains { $0.directory == inode } }
      }
      if pending.count <= 6 {
        for set in 0..<(1 << pending.count) { add(pending.indices.filter { set >> $0 & 1 == 1 }.map { pending[$0] }) }
      } else {
        add(pending)
        add([])
        for place in pending.indices.suffix(24) {
          add([pending[place]])
          add(pending.indices.filter { $0 != place }.map { pending[$0] })
        }
        for _ in 0..<24 { add(pending.filter { _ in Bool.random(using: &random) }) }
      }
    }
    return states
  }
}

/// Records the changes of the calling thread below a directory as events of a ``WeakDisk``.
///
/// The recorder examines the directory before and after each relevant call. Changes in between come from other system calls of the thread
/// or from its programs, and count as separate operations.
final class DiskRecorder {
  private(set) var disk: WeakDisk
  private let path: String
  private var last: SmallTree
  private var step = ""
  private var numberInStep = 0

  init(at path: String) {
    self.path = path
    last = SmallTree(readingAt: path)
    disk = WeakDisk(base: last)
    witness_thread({ context, call, file, isBefore in
      Unmanaged<DiskRecorder>.fromOpaque(context!).takeUnretainedValue().see(call, file, isBefore: isBefore != 0)
    }, Unmanaged.passUnretained(self).toOpaque())
  }

  func stop() { witness_thread(nil, nil) }
  deinit { stop() }

  /// Begins a step, to which the following syncs belong.
  func begin(_ step: String) {
    look(isOneAct: false)
    self.step = step
    numberInStep = 0
  }

  func promise(_ text: String) {
    look(isOneAct: false)
    disk.events.append(.promise(text))
  }

  private func see(_ call: witness_call, _ file: Int32, isBefore: Bool) {
    look(isOneAct: !isBefore)
    guard !isBefore, call == WITNESS_FSYNC || call == WITNESS_SYNCFS else { return }
    var status = stat()
    fstat(file, &status)
    let kind = call == WITNESS_SYNCFS ? "file system" : status.st_mode & S_IFMT == S_IFDIR ? "directory" : "file"
    numberInStep += 1
    disk.events.append(.sync(place: "\(step): \(kind)\(numberInStep > 1 ? " \(numberInStep)" : "")", inode: call == WITNESS_SYNCFS ? nil : UInt64(status.st_ino)))
  }

  private func look(isOneAct: Bool) {
    let now = SmallTree(readingAt: path)
    var changes: [Change] = []
    for directory in Set(now.directories.keys).union(last.directories.keys).sorted() {
      let names = now.directories[directory] ?? [:], before = last.directories[directory] ?? [:]
      for name in Set(names.keys).union(before.keys).sorted() where names[name] != before[name] {
        changes.append(Change(names: [(directory, name, names[name], names[name].map { now.directories[$0] != nil } ?? false)]))
      }
    }
    if isOneAct, changes.count > 1 { changes = [Change(names: changes.flatMap(\.names))] }
    for file in now.files.keys.sorted() where now.files[file] != last.files[file] && !(last.files[file] == nil && now.files[file] == []) {
      changes.append(Change(contents: (file, now.files[file]!)))
    }
    for directory in now.directories.keys.sorted() where now.modes[directory] != last.modes[directory] { changes.append(Change(mode: (directory, now.modes[directory]))) }
    disk.events += changes.map { .change($0) }
    last = now
  }
}
