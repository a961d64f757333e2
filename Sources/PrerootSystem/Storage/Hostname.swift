import CLinux
import PrerootCore

/// The name that the kernel has for the machine, which PID 1 has set from the lower. See gethostname(2).
public enum Hostname {
  public static func read() throws(Errno) -> Text {
    var buffer = [UInt8](repeating: 0, count: 65)
    try check(unsafe buffer.withUnsafeMutableBytes {
      unsafe linux_get_hostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    })
    return unsafe buffer.withCString { unsafe Text(cString: $0) }
  }

  public static func set(_ name: Text) throws(Errno) { unsafe try with(name) { unsafe linux_set_hostname($0) } }
}
