// SPDX-License-Identifier: MIT
import CLinux
import PrerootCore

extension LinuxKernel {
  /// See `Step.Verb.provideMachineID`. A machine without an ID is better than none: what fails is told, and nothing else.
  mutating func provideMachineID(_ id: Text, in root: Text) {
    let running = RunningID(id)
    do throws(Errno) {
      let directory = try Self.root(root)
      // It can be a link, in an image that keeps what differs from machine to machine in one place.
      let path = try directory.resolvingLinks(of: Self.machineID)
      switch MachineIDUse(for: MachineID(at: path, in: directory), running) {
      case .own(let own):
        // A soft reboot begins with what is here (systemd 256 and later).
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

  /// Shows PID 1's ID at the file's place, as PID 1 does it where it cannot write.
  ///
  /// - Parameter root: empty for `/`.
  public func mountMachineID(in root: Text) throws(Errno) {
    try bind(RunningID.path, at: root + "/" + Self.root(root).resolvingLinks(of: Self.machineID), flags: MountOptions.readOnly)
  }

  /// Nothing is there outside of a first boot.
  public func unmountMachineID(in root: Text) {
    do throws(Errno) {
      let path = root + "/" + (try Self.root(root).resolvingLinks(of: Self.machineID))
      unsafe try with(path) { unsafe linux_unmount($0) }
    } catch {}
  }

  private static var machineID: Text { "etc/machine-id" }

  private static func root(_ path: Text) throws(Errno) -> Directory { try Directory(path.isEmpty ? "/" : path, lookup: .inRoot) }
}

extension MachineID {
  /// What a file says. One that cannot be read is none, and neither is what is no file, or too large for one.
  fileprivate init(at path: Text, in directory: borrowing Directory) {
    do throws(Errno) { self.init(try directory.read(path, limit: 4096)) } catch { self = error == .noSuchFileOrDirectory ? .missing : .invalid }
  }
}

extension Directory {
  /// Makes the directories that `path` is in, where there are none.
  fileprivate func makeParents(of path: Text) throws(Errno) {
    for parent in path.parents where !exists(parent) { try makeDirectory(parent) }
  }
}
