// SPDX-License-Identifier: MIT
/// Where preroot keeps what is of this boot only. See overlay-prep.service(8), "FILES".
public enum Paths {
  // MARK: The layers, below a directory that systemd leaves mounted until the very end of shutdown

  public static var base: Text { "/run/initramfs/preroot" }
  public static var lower: Text { "/run/initramfs/preroot/lower" }
  /// The file system that takes the changes; they are in `upper/` on it, overlayfs keeps its own matters in `work/`.
  public static var store: Text { "/run/initramfs/preroot/upper" }

  /// Where the overlay and all that is to be mounted on it are put together, out of sight, before it becomes the root.
  public static var staging: Text { "/run/initramfs/preroot/root" }

  // MARK: What generator, helper and tool tell each other

  /// PID 1's sign of a first boot (systemd: manager_set_first_boot()).
  public static var firstBoot: Text { "/run/systemd/first-boot" }
  /// Made by overlay-prep.service when it begins, and removed when it has ended.
  public static var begun: Text { "/run/preroot/begun" }
  /// The mask condition: while it is absent, nothing but stage 1 starts.
  public static var ready: Text { "/run/preroot/ready" }
  /// Names the root that could not be made writable.
  public static var failed: Text { "/run/preroot/failed" }
  /// See `State`.
  public static var state: Text { "/run/preroot/state.json" }
  /// See `Event`.
  public static var events: Text { "/run/preroot/events" }
  /// /etc/fstab without its line for `/`.
  public static var fstab: Text { "/run/preroot/fstab" }
  /// A link to the count of boots that did not get through, which is on the upper.
  public static var attempts: Text { "/run/preroot/attempts" }
  /// The unit that has to be active for a boot to have got through.
  public static var target: Text { "/run/preroot/target" }
}
