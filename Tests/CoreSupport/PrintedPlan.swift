// SPDX-License-Identifier: MIT

/// The printed form of the steps that plans have in common.
public enum PrintedPlan {
  /// The first steps of each plan: they mount the lower and create the upper's directory.
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
