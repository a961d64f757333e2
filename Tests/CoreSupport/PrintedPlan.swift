// SPDX-License-Identifier: MIT

/// The printed form of what plans have in common.
public enum PrintedPlan {
  /// How each begins: the lower is put in its place, and the upper gets one.
  public static let beginning = """
    make private /run
    make directory /run/initramfs
    make hidden directory /run/initramfs/preroot
    make directory /run/initramfs/preroot/lower
    bind at /run/initramfs/preroot/lower (/ ro,nosuid,nodev)
    make private /run/initramfs/preroot/lower
    make directory /run/initramfs/preroot/upper

    """
}
