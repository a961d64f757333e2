// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// The upper's file system in a running machine. With `Commit=on-demand` it is read-only, except while preroot writes to it.
public enum Store {
  /// Lets one process at a time write to it, as long as the result lives.
  ///
  /// - Throws: EAGAIN if another process does, and this one must not wait.
  public static func lock(waiting: Bool) throws(Errno) -> FileDescriptor {
    let root = try Directory("/")
    try root.makeDirectory("run/preroot")
    return FileDescriptor(try check(unsafe linux_lock(root.rawValue, Paths.committing.asRelative.cString, waiting ? 1 : 0)))
  }

  public static func remount(isReadOnly: Bool) throws(Errno) { try LinuxKernel.remount(Paths.store, isReadOnly: isReadOnly) }

  /// Makes the finished commit the layer of the next boot: the rename is the commit point. Then removes the commits before it.
  public static func commit(in layers: Text, after earlier: [Int]) throws(Errno) {
    try Directory(layers, lookup: .beneath).renameDurably(StoreFacts.unfinishedCommit, to: StoreFacts.commitName((earlier.last ?? 0) + 1))
    // The next boot deletes what remains.
    try? cancel(earlier, in: layers)
  }

  /// Removes commits that no boot has used. From the rename on, they do not count.
  public static func cancel(_ commits: [Int], in layers: Text) throws(Errno) {
    let directory = try Directory(layers, lookup: .beneath)
    for number in commits.reversed() {
      try removeUnfinished(in: layers)
      try directory.renameDurably(StoreFacts.commitName(number), to: StoreFacts.unfinishedCommit)
    }
    try removeUnfinished(in: layers)
  }

  /// Deletes a commit that has not finished, with its contents.
  public static func removeUnfinished(in layers: Text) throws(Errno) {
    let path = layers + "/" + StoreFacts.unfinishedCommit
    if !(try Directory(layers, lookup: .beneath).exists(StoreFacts.unfinishedCommit)) { return }
    guard try Program.run(Text("rm -rf --").words + [path], limitMicroseconds: .max / 4).isSuccess else { throw .inputOutput }
  }
}

extension Lower {
  /// In this process's own mount namespace, shows the layers below an overlay as one, in the place of the image.
  public static func showAll(below overlay: MountInfo.Entry) throws(Errno) {
    guard let layers = overlay.lowerLayers else { return }
    try check(unsafe linux_mount(
      "preroot", overlay.lowerDirectory.cString, "overlay", MountOptions.readOnly | MountOptions.noSetUserID | MountOptions.noDevices,
      (Text("lowerdir=") + layers + ",index=off,metacopy=off,redirect_dir=nofollow,xino=off").cString))
  }
}
