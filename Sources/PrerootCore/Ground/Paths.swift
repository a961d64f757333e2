// SPDX-License-Identifier: MIT
/// The files and directories that preroot uses during one boot. See overlay-prep.service(8), "FILES".
public enum Paths {
  // MARK: The layers, below a directory that systemd leaves mounted until the very end of shutdown

  public static var base: Text { "/run/initramfs/preroot" }
  public static var lower: Text { "/run/initramfs/preroot/lower" }
  /// The file system that receives the changes: `upper/` holds them, and `work/` belongs to overlayfs.
  public static var store: Text { "/run/initramfs/preroot/upper" }

  /// With `Commit=on-demand`, the tmpfs that receives the changes; then the store is a lower.
  public static var memory: Text { "/run/initramfs/preroot/memory" }

  /// The staging directory: the overlay and the mounts on it are assembled here, out of sight, before it becomes the root.
  public static var staging: Text { "/run/initramfs/preroot/root" }

  /// The upper's device, if it is encrypted: a mapping of device-mapper.
  public static var mapping: Text { "/dev/mapper/preroot" }

  // MARK: Files shared by generator, helper and tool

  /// PID 1 creates this file in a first boot (systemd: manager_set_first_boot()).
  public static var firstBoot: Text { "/run/systemd/first-boot" }
  /// The helper creates this file when it begins, and removes it when it has finished.
  public static var begun: Text { "/run/preroot/begun" }
  /// The masking condition: while this file is absent, only stage 1 starts.
  public static var ready: Text { "/run/preroot/ready" }
  /// Identifies the root that could not be made writable.
  public static var failed: Text { "/run/preroot/failed" }
  /// See `State`.
  public static var state: Text { "/run/preroot/state.json" }
  /// The exit status of overlay-prep as PID 1, if it is not 0; for overlay-prep.service.
  public static var status: Text { "/run/preroot/status" }
  /// See `Event`.
  public static var events: Text { "/run/preroot/events" }
  /// Exists when the journal has the events.
  public static var reported: Text { "/run/preroot/reported" }
  /// /etc/fstab without its lines for `/`.
  public static var fstab: Text { "/run/preroot/fstab" }
  /// A link to the upper's count of boots that did not reach their target.
  public static var attempts: Text { "/run/preroot/attempts" }
  /// Exists while `preroot commit` works.
  public static var committing: Text { "/run/preroot/committing" }
  /// Names the unit that has to be active before a boot counts as successful.
  public static var target: Text { "/run/preroot/target" }
}
