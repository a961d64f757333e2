// SPDX-License-Identifier: MIT
import PrerootCore

/// The three directories that systemd gives a generator. See systemd.generator(7).
public struct GeneratorDirectories: ~Copyable {
  let normal: Directory
  let early: Directory
  let late: Directory

  /// - Throws: the error of opening one of them.
  public init(normal: Text, early: Text, late: Text) throws(Errno) {
    let normal = try Directory(normal)
    let early = try Directory(early)
    let late = try Directory(late)
    self.normal = normal
    self.early = early
    self.late = late
  }
}

extension UnitTree {
  /// Writes all nodes in order, or none.
  ///
  /// - Throws: the first error, after removing the nodes written before.
  public func write(into directories: borrowing GeneratorDirectories) throws(Errno) {
    for place in nodes.indices {
      do throws(Errno) {
        try nodes[place].write(into: directories)
      } catch {
        for node in nodes[..<place].reversed() { node.remove(from: directories) }
        throw error
      }
    }
  }
}

extension UnitTree.Node {
  @inline(never) fileprivate func write(into directories: borrowing GeneratorDirectories) throws(Errno) {
    switch directory {
    case .normal: try write(into: directories.normal)
    case .early: try write(into: directories.early)
    case .late: try write(into: directories.late)
    }
  }

  @inline(never) fileprivate func remove(from directories: borrowing GeneratorDirectories) {
    switch directory {
    case .normal: remove(from: directories.normal)
    case .early: remove(from: directories.early)
    case .late: remove(from: directories.late)
    }
  }

  @inline(never) private func write(into directory: borrowing Directory) throws(Errno) {
    if let parent { try directory.makeDirectory(parent) }
    do throws(Errno) {
      switch content {
      case .file(let contents): try directory.create(path, contents: contents)
      case .link(let target): try directory.replaceLink(path, to: target)
      }
    } catch {
      // Does not succeed if another generator has files in it.
      if let parent { try? directory.removeDirectory(parent) }
      throw error
    }
  }

  @inline(never) private func remove(from directory: borrowing Directory) {
    try? directory.remove(path)
    if let parent { try? directory.removeDirectory(parent) }
  }

  private var parent: Text? { path.cut(at: UInt8(ascii: "/"))?.before }
}
