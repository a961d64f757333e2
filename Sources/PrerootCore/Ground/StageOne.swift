// SPDX-License-Identifier: MIT
/// The names that make up stage 1.
public enum StageOne {
  /// Its own units.
  public static var units: [Text] { names.words }
  private static var names: Text { "overlay-prep.target overlay-prep.service preroot-stage1.target preroot-fallback.service preroot-prepared.target" }

  /// The program of stage 1, which is PID 1's, too, if `init=` says so.
  public static var helper: Text { "/usr/lib/preroot/overlay-prep" }

  /// What has to be installed for a boot to be staged.
  public static var files: [Text] {
    var files: [Text] = [helper]
    for unit in units { files.add("/usr/lib/systemd/system/" + unit) }
    return files
  }

  /// Where unit files and drop-ins can be at boot: below /run, only other generators have written yet. See systemd.unit(5), "UNIT FILE LOAD
  /// PATH".
  public static var unitDirectories: [Text] {
    Text("""
      /etc/systemd/system.control /etc/systemd/system /etc/systemd/system.attached /run/systemd/system /usr/local/lib/systemd/system \
      /usr/lib/systemd/system /lib/systemd/system
      """).words
  }

  /// What in one of them can give overlay-prep.service an ordering: drop-ins for it and for all services; but for the last two, which are
  /// where it is installed, a unit file of that name.
  public static func overrides(in directory: Text) -> [Text] {
    var names = Text("/service.d /overlay-.service.d /overlay-prep.service.d").words
    if !directory.hasSuffix("lib/systemd/system") || directory.hasPrefix("/usr/local") { names.add("/overlay-prep.service") }
    var paths: [Text] = []
    for name in names { paths.add(directory + name) }
    return paths
  }

  /// The types of units that are held back; the targets, which want stage 1, come last. Not device, slice and scope: a device whose
  /// condition fails counts as there, and what binds to it dies of that (systemd: unit_verify_deps()); and overlay-prep.service is in a
  /// slice itself.
  static var heldTypes: [Text] {
    Text("service socket timer path mount swap automount target").words
  }

  /// What starts in stage 1 anyway: our own, and the way out, so that Ctrl-Alt-Del, FailureAction=, poweroff,
  /// emergency and systemd.debug_shell work while the overlay is being made.
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
