// SPDX-License-Identifier: MIT
/// How PID 1 continues if overlay-prep is the first process. The exit status of its child, which makes the root writable, says so.
public enum Succession: Int, CaseIterable, Sendable {
  /// systemd, booting to the machine's target.
  case systemd = 0
  /// systemd, booting to the target of `preroot.fallback=`.
  case emergency = 10
  case reboot = 11

  /// - Parameter target: the target of the boot.
  public init(to target: Text) {
    switch target {
    case "emergency.target": self = .emergency
    case "reboot.target": self = .reboot
    default: self = .systemd
    }
  }

  /// An argument for systemd before those of PID 1; it overrides them and `systemd.unit=`. Empty if there is none. See systemd(1).
  public var argument: Text {
    switch self {
    case .systemd: ""
    case .emergency: "--unit=emergency.target"
    case .reboot: "--unit=reboot.target"
    }
  }

  /// Returns the programs to try in order: systemd, then those that the kernel tries (linux: kernel_init()).
  ///
  /// - Parameter name: the name under which this program was started; executing it would start this program again.
  public static func programs(besides name: Text) -> [Text] {
    var programs: [Text] = []
    for program in Text("/usr/lib/systemd/systemd /lib/systemd/systemd /sbin/init /etc/init /bin/init /bin/sh").words where program != name {
      programs.append(program)
    }
    return programs
  }
}
