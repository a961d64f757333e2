import CLinux
import PrerootCore

extension LinuxKernel {
  /// See `Step.Verb.settleMachineID`. As systemd does it on a root that can be written (systemd: machine_id_setup()).
  mutating func settleMachineID(_ id: Text, in root: Text) throws(Errno) {
    let here = FileDescriptor.currentDirectory, path = root + "/etc/machine-id", line = id + "\n"
    let contents = try? here.read(path)
    switch MachineID(contents) {
    case .valid(let own):
      // A soft reboot begins with what is here (systemd 256 and later).
      if here.exists(RunningID.path) { try here.replace(RunningID.path, contents: own + "\n") }
    case .missing, .uninitialized:
      try here.replace(RunningID.path, contents: line)
      if contents == nil {
        remarks.append(Remark(.warning, "The image has no /etc/machine-id, without which systemd has none before this; an empty file there is enough"))
        try here.replace(path, contents: "uninitialized\n")
      }
      try mountMachineID(in: root)
    case .invalid:
      remarks.append(Remark(.warning, Text("/etc/machine-id of the overlay was no machine ID, it is now ") + id))
      try here.replace(path, contents: line)
    case .empty:
      try here.replace(path, contents: line)
    }
  }

  /// Shows PID 1's ID at the file's place, as PID 1 does it where it cannot write.
  public func mountMachineID(in root: Text) throws(Errno) {
    unsafe try with(RunningID.path, root + "/etc/machine-id") { unsafe linux_bind_read_only($0, $1) }
  }

  /// Nothing is there but in a first boot.
  public func unsettleMachineID(in root: Text) {
    _ = unsafe try? with(root + "/etc/machine-id") { unsafe linux_unmount($0) }
  }
}
