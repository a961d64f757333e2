// SPDX-License-Identifier: MIT
/// Why preroot leaves the boot alone.
public enum Reason: Equatable, Sendable {
  case userManager
  case initrd
  case disabled
  case container(Text)
  case rootUnknown
  case rootWritable(type: Text, source: Text)
  /// The root is writable, and a request was not understood.
  case unread(Text)
  case missing(Text)
  case masked(Text)
  case emergency
  case unitIsNoTarget(Text)
  case running

  /// A sentence that says what to do.
  public var text: Text {
    switch self {
    case .running:
      "PID 1 has started units before, as in a reload: only a boot is staged"
    case .userManager:
      "This is a user's service manager, not the machine's"
    case .initrd:
      "This is an initrd (/etc/initrd-release)"
    case .disabled:
      "Disabled by preroot=no or Enable=no"
    case .container(let name):
      Text("This is a container (") + name + "); preroot= among its init's arguments enables preroot"
    case .rootUnknown:
      "/proc/1/mountinfo names no root"
    case .rootWritable(let type, let source):
      Text("The root (") + type + " on " + source + ") is writable; preroot=tmpfs mounts an overlay over it anyway"
    case .unread(let origin):
      origin + " does not say whether to make the root writable; it is writable already and is left alone"
    case .missing(let path):
      path + " is missing: install all of preroot, or remove its generator"
    case .masked(let unit):
      unit + " is masked; unmask it to make the root writable"
    case .emergency:
      "An emergency boot is left alone; boot to rescue.target for a writable root"
    case .unitIsNoTarget(let unit):
      Text("systemd.unit=") + unit + " is not a target; boot to a target for a writable root"
    }
  }

  /// Quiet if nobody requested anything; loud if a request is not fulfilled.
  public var priority: Remark.Priority {
    switch self {
    case .missing, .rootUnknown: .error
    case .masked, .unitIsNoTarget, .unread: .warning
    case .emergency, .running: .notice
    case .userManager, .initrd, .disabled, .container, .rootWritable: .debug
    }
  }
}
