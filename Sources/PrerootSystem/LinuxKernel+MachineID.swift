// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension LinuxKernel {
  /// See `Step.Verb.provideMachineID`. A missing machine ID must not stop the boot: a failure only adds a remark.
  mutating func provideMachineID(_ id: Text, in root: Text) {
    let running = RunningID(id)
    do throws(Errno) {
      let directory = try Self.root(root)
      // The file may be a link, in an image that keeps its per-machine files in one place.
      let path = try directory.resolvingLinks(of: Self.machineID)
      switch MachineIDUse(for: MachineID(at: path, in: directory), running) {
      case .own(let own):
        // A soft reboot starts with the ID in this file (systemd 256 and later).
        let here = try Directory("/")
        if here.exists(RunningID.path) { try here.replace(RunningID.path, contents: own + "\n") }
      case .mount(let makesFile):
        try Directory("/").replace(RunningID.path, contents: id + "\n")
        if makesFile {
          remarks.append(Remark(.warning, "The image has no /etc/machine-id, so systemd had no machine ID until now; an empty file is enough"))
          try directory.makeParents(of: path)
          try directory.replace(path, contents: "uninitialized\n")
        }
        try mountMachineID(in: root)
      case .write(let remark):
        if let remark { remarks.append(remark) }
        try directory.replace(path, contents: id + "\n")
      }
    } catch {
      remarks.append(Remark(.error, Text("Cannot set the overlay's machine ID: ") + error.text))
    }
  }

  /// Mounts PID 1's ID over the file, as PID 1 does on a read-only root.
  ///
  /// - Parameter root: empty for `/`.
  public func mountMachineID(in root: Text) throws(Errno) {
    try bind(RunningID.path, at: root + "/" + Self.root(root).resolvingLinks(of: Self.machineID), flags: MountOptions.readOnly)
  }

  /// Unmounts it. There is nothing to unmount except in a first boot.
  public func unmountMachineID(in root: Text) {
    do throws(Errno) {
      let path = root + "/" + (try Self.root(root).resolvingLinks(of: Self.machineID))
      try check(unsafe linux_unmount(path.cString))
    } catch {}
  }

  private static var machineID: Text { "etc/machine-id" }

  private static func root(_ path: Text) throws(Errno) -> Directory { try Directory(path.isEmpty ? "/" : path, lookup: .inRoot) }
}

extension MachineID {
  /// Reads the ID in a file. A file that cannot be read, is not regular or is too large counts as invalid.
  fileprivate init(at path: Text, in directory: borrowing Directory) {
    do throws(Errno) { self.init(try directory.read(path, limit: 4096)) } catch { self = error == .noSuchFileOrDirectory ? .missing : .invalid }
  }
}

extension Directory {
  /// Makes the parent directories of `path`, unless they exist.
  fileprivate func makeParents(of path: Text) throws(Errno) {
    for parent in path.parents where !exists(parent) { try makeDirectory(parent) }
  }
}
