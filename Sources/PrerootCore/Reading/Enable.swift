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
    if word.isOne(of: Self.wordsForNo) {
      self = .no
    } else if word.isOne(of: Self.wordsForYes) {
      self = .yes
    } else if word == "auto" {
      self = .auto
    } else {
      return nil
    }
  }

  static var wordsForNo: Text { "no 0 off false n f disabled" }
  static var wordsForYes: Text { "yes 1 on true y t enabled" }
}
