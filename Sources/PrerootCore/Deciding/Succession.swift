// SPDX-License-Identifier: MIT
/// How PID 1 goes on where overlay-prep is the first process: its child, which makes the root writable, says so by its exit status.
public enum Succession: Int, CaseIterable, Sendable {
  /// With systemd, to where the machine boots.
  case systemd = 0
  /// With systemd, to where `preroot.fallback=` leads.
  case emergency = 10
  case reboot = 11

  /// - Parameter target: where the boot goes on to.
  public init(to target: Text) {
    switch target {
    case "emergency.target": self = .emergency
    case "reboot.target": self = .reboot
    default: self = .systemd
    }
  }

  /// What systemd gets before the arguments of PID 1, over which it counts, as it does over `systemd.unit=`; empty for nothing. See
  /// systemd(1).
  public var argument: Text {
    switch self {
    case .systemd: ""
    case .emergency: "--unit=emergency.target"
    case .reboot: "--unit=reboot.target"
    }
  }

  /// What is executed, the first of them that can be: systemd, then what the kernel takes (linux: kernel_init()).
  ///
  /// - Parameter name: what this program was started as, which would come back here.
  public static func programs(besides name: Text) -> [Text] {
    var programs: [Text] = []
    for program in Text("/usr/lib/systemd/systemd /lib/systemd/systemd /sbin/init /etc/init /bin/init /bin/sh").words where program != name {
      programs.append(program)
    }
    return programs
  }
}
