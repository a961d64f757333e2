import CLinux
import PrerootCore

/// Mounts the file system on a device, its type being known. See mount(2).
public func mount(_ source: Text, at target: Text, type: Text, options: Text) throws(Errno) {
  let type = type.terminated, options = options.terminated
  unsafe try with(source, target) { source, target in
    unsafe type.withCString { type in unsafe options.withCString { unsafe linux_mount(source, target, type, $0) } }
  }
}
