// SPDX-License-Identifier: MIT
/// The units and files of stage 1.
public enum StageOne {
  /// preroot's units in stage 1.
  public static var units: [Text] { names.words }
  private static var names: Text { "overlay-prep.target overlay-prep.service preroot-stage1.target preroot-fallback.service preroot-prepared.target" }
  /// Those that PID 1, the helper or a user isolates in stage 1.
  static var isolated: Text { "overlay-prep.target preroot-stage1.target" }

  /// The program of stage 1, which is PID 1's, too, if `init=` says so.
  public static var helper: Text { "/usr/lib/preroot/overlay-prep" }

  /// The files that must be installed before a boot can be staged.
  public static var files: [Text] {
    var files: [Text] = [helper]
    for unit in units { files.add("/usr/lib/systemd/system/" + unit) }
    return files
  }

  /// The directories with unit files and drop-ins at boot. Of those below /run, only generators have written any yet. See systemd.unit(5),
  /// "UNIT FILE LOAD PATH".
  public static var unitDirectories: [Text] {
    Text("""
      /etc/systemd/system.control /etc/systemd/system /etc/systemd/system.attached /run/systemd/system /usr/local/lib/systemd/system \
      /usr/lib/systemd/system /lib/systemd/system
      """).words
  }

  /// Returns the paths in one of these directories that can give overlay-prep.service an ordering: drop-ins for it and for all services, and
  /// a unit file of its name, except in the last two directories, where it is installed.
  public static func overrides(in directory: Text) -> [Text] {
    var names = Text("/service.d /overlay-.service.d /overlay-prep.service.d").words
    if !directory.hasSuffix("lib/systemd/system") || directory.hasPrefix("/usr/local") { names.add("/overlay-prep.service") }
    var paths: [Text] = []
    for name in names { paths.add(directory + name) }
    return paths
  }

  /// The unit types that are held back. Targets, which want stage 1, come last. Not device, slice and scope: a device whose condition fails
  /// counts as present, and units that bind to it fail (systemd: unit_verify_deps()); and overlay-prep.service is itself in a slice.
  static var heldTypes: [Text] {
    Text("service socket timer path mount swap automount target").words
  }

  /// The units that can start in stage 1: preroot's own, and those for shutdown and emergencies, so that Ctrl-Alt-Del, FailureAction=,
  /// poweroff, emergency and systemd.debug_shell work meanwhile.
  static var exempt: [Text] {
    (names + """
       shutdown.target umount.target final.target \
      reboot.target poweroff.target halt.target kexec.target exit.target soft-reboot.target \
      systemd-reboot.service systemd-poweroff.service systemd-halt.service systemd-kexec.service systemd-exit.service \
      systemd-soft-reboot.service \
      emergency.target emergency.service debug-shell.service
      """).words
  }
}
