// SPDX-License-Identifier: MIT
/// What overlayfs needs of the file system below its upper, and some have not. See linux: Documentation/filesystems/overlayfs.rst.
public enum Unfitness: Int32, CaseIterable, Equatable, Sendable {
  // The raw values are CLinux's LINUX_TRY_ constants; in their order it is tried.
  case attributes
  case types
  case whiteout
  case renaming
  case renamingWithWhiteout

  /// Whether an overlay works without it, with limits.
  public var isLimit: Bool { self == .renamingWithWhiteout }

  /// Half a sentence to act on, which goes on after "… cannot hold an upper: ", and a limit's after "… holds an upper with limits: ".
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
