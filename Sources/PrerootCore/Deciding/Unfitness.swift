// SPDX-License-Identifier: MIT
/// A feature that overlayfs needs of the upper's file system, and that some lack. See linux: Documentation/filesystems/overlayfs.rst.
public enum Unfitness: Int32, CaseIterable, Equatable, Sendable {
  // The raw values are CLinux's LINUX_TRY_ constants, in the order of the tests.
  case attributes
  case types
  case whiteout
  case renaming
  case renamingWithWhiteout

  /// Whether an overlay works without this feature, with limits.
  public var isLimit: Bool { self == .renamingWithWhiteout }

  /// Half a sentence that says what to do. It follows "… cannot hold an upper: ", or "… supports an upper with limits: " for a limit.
  public var text: Text {
    switch self {
    case .attributes: "it lacks trusted.* extended attributes, like vfat and NFS; use ext4, f2fs, xfs, btrfs or UBIFS"
    case .types: "its directories do not record file types (d_type); recreate an xfs with ftype=1"
    case .whiteout: "it has no character devices 0:0, the whiteouts that hide files of the image; use ext4, f2fs, xfs, btrfs or UBIFS"
    case .renaming: "it cannot rename a file over another"
    case .renamingWithWhiteout:
      """
      it lacks RENAME_WHITEOUT, like JFFS2: the image's files cannot be renamed, nor its changed directories removed; \
      use UBIFS
      """
    }
  }
}
