// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

/// Performs steps with system calls, in the calling process's mount namespace.
public struct LinuxKernel: Kernel, ~Copyable {
  /// For the log: observations that are not failures.
  public var remarks: [Remark] = []
  /// The attached loop device, until a mount keeps it attached.
  private var loop: FileDescriptor?
  /// The number of remarks before the last step.
  private var earlierRemarks = 0

  public init() {}

  public var complaint: Text? { remarks[min(earlierRemarks, remarks.count)...].last { $0.priority == .error }?.text }

  public var microseconds: Int64 { linux_monotonic_microseconds() }

  public static func sleep(microseconds: Int64) { linux_sleep(microseconds) }

  public mutating func perform(_ step: Step) throws(Errno) {
    let path = step.path, other = step.other
    earlierRemarks = remarks.count
    switch step.verb {
    case .makeDirectory: try make(directory: path)
    case .makeHiddenDirectory: try make(directory: path, mode: 0o700)
    case .makeStoreDirectory: try makeStoreDirectory(path, like: other)
    case .removeDirectory: try removeIfEmpty(path)
    case .requireDirectory: try requireDirectory(path)
    case .requireSpace: try requireSpace(on: path)
    case .writeFile: try write(other, to: path)
    case .makeLink: try makeLink(path, to: other)
    case .removeFile: try remove(path)
    case .makeDeviceLink: try makeDeviceLink(path)
    case .provideMachineID: provideMachineID(other, in: path)
    case .unmountMachineID: unmountMachineID(in: path)

    case .attachLoop: loop = try LoopDevice.attach(path, to: other, step.type)
    case .detachLoop: loop = nil
    case .eraseBeginning: try BlockDevice.eraseBeginning(of: path)
    case .recordPlace: try BlockDevice.record(other, on: path)
    case .format: try format(path, type: other)
    case .encrypt: try encrypt(path, Crypt(other))
    case .claim: try encrypt(path, .random)
    case .open: try open(other, as: path, Crypt(step.type))
    case .close: try close(path)
    case .check: try checkFileSystem(on: path, type: other)
    case .requireFitness: try requireFitness(of: path)
    case .writeDurably: writeDurably(other, to: path)
    case .removeDurably: try removeDurably(path)
    case .setAside: try setAside(path, as: other)
    case .takeBack: try takeBack(path, from: other)
    case .deleteTree: deleteTree(path)
    case .seed: try seed(path, from: other)
    case .makeMountPoint: try makeMountPoint(path)

    case .mountDevice: try mount(other, at: path, type: step.type, step.options)
    case .mountTmpfs: try mount("preroot", at: path, type: "tmpfs", step.options)
    case .mountOverlay: try mount("preroot", at: path, type: "overlay", step.options)
    case .bind: try bind(other, at: path, flags: step.options.flags)
    case .bindRecursively: try bindRecursively(other, at: path)
    case .unmount: try unmount(path)
    case .detach: try check(unsafe linux_detach(path.cString))
    case .makeFileSystemReadOnly: try makeFileSystemReadOnly(path)
    case .allowWriting: try Self.remount(path, isReadOnly: false)
    case .forbidWriting: forbidWriting(path)
    case .makePrivate: try check(unsafe linux_make_private(path.cString))
    case .makeUnbindable: try check(unsafe linux_make_unbindable(path.cString))
    case .makeShared: try check(unsafe linux_make_shared(path.cString, 0))
    case .makeSharedRecursively: try check(unsafe linux_make_shared(path.cString, 1))

    case .pivot: try pivot(to: path)
    case .leaveOldRoot: try leaveOldRoot()
    }
  }

  // MARK: The root

  /// Pivots. The old root moves to the staging directory, as seen through the new root's /run: hidden, where no path lookup leads.
  private func pivot(to path: Text) throws(Errno) {
    try check(unsafe linux_pivot_root(path.cString, (path + Paths.staging).cString))
    try check(unsafe linux_chdir("/"))
  }

  private func leaveOldRoot() throws(Errno) {
    try check(unsafe linux_detach(Paths.staging.cString))
  }
}
