// SPDX-License-Identifier: MIT
/// When the root is made writable.
public enum Enable: Equatable, Sendable {
  /// Never: the boot that the image has without preroot.
  case no
  /// Where the root file system cannot be written.
  case auto
  /// Always, also over a root that could be written.
  case yes

  /// Reads systemd's booleans and the words that users of overlayroot and dracut type; nil for any other.
  @inline(never) public init?(_ word: Text) {
    // In small letters or large, as systemd reads its booleans.
    let word = word.lowercased
    if word.isOne(of: "no 0 off false n f disabled") {
      self = .no
    } else if word.isOne(of: "yes 1 on true y t enabled") {
      self = .yes
    } else if word == "auto" {
      self = .auto
    } else {
      return nil
    }
  }
}
