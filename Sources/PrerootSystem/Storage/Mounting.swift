import CLinux
import PrerootCore

/// Mounts the file system on a device, its type being known. See mount(2).
///
/// - Parameter options: with commas between them, as in fstab(5).
public func mount(_ source: Text, at target: Text, type: Text, options: Text) throws(Errno) {
  let options = MountOptions(options), type = type.terminated, data = options.data.terminated
  unsafe try with(source, target) { source, target in
    unsafe type.withCString { type in unsafe data.withCString { unsafe linux_mount(source, target, type, options.flags, $0) } }
  }
}
