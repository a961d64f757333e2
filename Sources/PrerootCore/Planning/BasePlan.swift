// SPDX-License-Identifier: MIT
/// The API file systems that the first process mounts before it can read facts, with systemd's own options: systemd keeps existing mounts
/// (systemd: mount_table[] of mount-setup.c).
public struct BasePlan: Equatable, Sendable {
  public var steps: [Step] = []

  /// - Parameter mountInfo: empty before /proc is mounted; then the plan only mounts /proc.
  public init(over mountInfo: MountInfo) {
    if mountInfo.entries.isEmpty {
      add("/proc", "proc", Self.restricted)
      return
    }
    if mountInfo.entry(at: "/sys") == nil { add("/sys", "sysfs", Self.restricted) }
    if mountInfo.entry(at: "/dev") == nil { add("/dev", "devtmpfs", "nosuid,strictatime,mode=0755,size=4m,nr_inodes=1m") }
    if mountInfo.entry(at: "/run") == nil { add("/run", "tmpfs", "nosuid,nodev,strictatime,mode=0755,size=20%,nr_inodes=800k") }
    // The helper leaves files for systemd here.
    steps.append(Step(.makeDirectory, "/run/systemd"))
  }

  private static var restricted: Text { "nosuid,nodev,noexec" }

  @inline(never) private mutating func add(_ path: Text, _ type: Text, _ options: Text) {
    steps.append(Step(.mountDevice, path, type, type: type, options: MountOptions(options)))
  }
}
