// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

// Steps on directories, files and links that belong to this boot.

extension LinuxKernel {
  /// On the upper's file system, flushes a new directory to the disk: programs that flush their files below it cannot do that.
  func make(directory path: Text, mode: UInt32 = 0o755) throws(Errno) {
    let place = try Place(path)
    let isNew = place.directory.lookup == .beneath && !place.exists
    try place.directory.makeDirectory(place.path, mode: mode)
    if isNew { try place.directory.syncDirectory(of: place.path) }
  }

  func removeIfEmpty(_ path: Text) throws(Errno) {
    do throws(Errno) {
      let place = try Place(path)
      try place.directory.removeDirectory(place.path)
    } catch {
      guard error == .directoryNotEmpty else { throw error }
    }
  }

  /// Requires a directory of the image at a path without symbolic links: the path is both the mount point and the name on the upper.
  func requireDirectory(_ path: Text) throws(Errno) {
    let place = try Place(path)
    if try place.resolved != path { throw .tooManyLinks }
    _ = try place.directory.open(place.path, .directory)
  }

  func requireSpace(on path: Text) throws(Errno) {
    let space = try Space(of: path)
    guard space.freeBytes >= StorePlan.minimumBytes, space.freeInodes >= StorePlan.minimumInodes else { throw .noSpace }
  }

  func write(_ contents: Text, to path: Text) throws(Errno) {
    let place = try Place(path)
    try place.directory.replace(place.directory.lookup == .inRoot ? place.directory.resolvingLinks(of: place.path) : place.path, contents: contents)
  }

  func makeLink(_ path: Text, to target: Text) throws(Errno) {
    let place = try Place(path)
    try place.directory.replaceLink(place.path, to: target)
  }

  func remove(_ path: Text) throws(Errno) {
    let place = try Place(path)
    try place.directory.remove(place.path)
  }

  /// Keeps a link that udev has already made. The kernel knows which device has these numbers. See udev: node_symlink().
  func makeDeviceLink(_ path: Text) throws(Errno) {
    let root = try Directory("/")
    let properties = try root.read(Text("/sys/dev/block/") + path.fileName + "/uevent")
    guard let name = properties.value(of: "DEVNAME") else { throw .noSuchDevice }
    try root.makeDirectories(path.directory)
    do throws(Errno) { try root.makeLink(path, to: Text("../") + name) } catch { guard error == .fileExists else { throw error } }
  }

  /// Makes the mount point for a bind on the root.
  func makeMountPoint(_ path: Text) throws(Errno) {
    let place = try Place(path)
    try place.directory.makeDirectories(place.path)
  }
}
