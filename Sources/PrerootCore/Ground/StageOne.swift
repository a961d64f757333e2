// SPDX-License-Identifier: MIT
/// The names that make up stage 1.
public enum StageOne {
  /// Its own units.
  public static var units: [Text] { names.words }
  private static var names: Text { "overlay-prep.target overlay-prep.service preroot-stage1.target preroot-fallback.service" }

  /// The program of stage 1, which is PID 1's, too, if `init=` says so.
  public static var helper: Text { "/usr/lib/preroot/overlay-prep" }

  /// What has to be installed for a boot to be staged.
  public static var files: [Text] {
    var files: [Text] = [helper]
    for unit in units { files.add("/usr/lib/systemd/system/" + unit) }
    return files
  }

  /// The types of units that have a condition. Not device, slice and scope: a device whose condition fails counts as
  /// there, and what binds to it dies of that (systemd: unit_verify_deps()).
  static var maskedTypes: [Text] {
    Text("service socket target timer path mount swap automount").words
  }

  /// What starts in stage 1 all the same: our own, and the way out, so that Ctrl-Alt-Del, FailureAction=, poweroff,
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
