// SPDX-License-Identifier: MIT
/// When to make the root writable.
public enum Enable: Equatable, Sendable {
  /// Never: the image boots as it would without preroot.
  case no
  /// If the root file system cannot be written.
  case auto
  /// Always, even over a writable root.
  case yes

  /// Reads systemd's booleans and the words that users of overlayroot and dracut type; nil for any other word.
  @inline(never) public init?(_ word: Text) {
    // systemd ignores case in booleans, too.
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
