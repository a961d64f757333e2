// SPDX-License-Identifier: MIT
/// The state of the upper's file system after mounting it, and what to compare it with.
public struct StoreFacts: Equatable, Sendable {
  /// The directory of the layers, existing or not.
  public var directory: Text
  public var hasUpper = false
  /// Names of remnants of earlier uppers that are still to be deleted.
  public var trash: [Text] = []
  /// The image that the upper was made over; nil if that is not recorded.
  public var recorded: Text?
  /// The current image; nil if nothing identifies it.
  public var lower: LowerIdentity?
  /// The number of consecutive boots that did not reach their target.
  public var attempts = 0
  /// Contents of the reset mark, the paths to keep; nil if there is no mark.
  public var mark: Text?
  /// The numbers of the layers that `preroot commit` has put beside the upper, the newest last.
  public var commits: [Int] = []
  /// Whether a reset began and did not finish: the old upper exists under another name.
  public var isResetting = false

  /// About entries that are not what they should be.
  public var remarks: [Remark] = []

  public init(in directory: Text) { self.directory = directory }

  /// The prefix of the names in `trash`.
  public static var trashName: Text { "trash" }

  /// The layer of the commit with this number.
  public static func commitName(_ number: Int) -> Text { Text("commit.") + Text(decimal: number) }
  /// A commit that has not finished.
  public static var unfinishedCommit: Text { "committing" }

  /// The layer that the next boot uses; nil if there is none.
  public var layer: Text? {
    if let newest = commits.last { return Self.commitName(newest) }
    return hasUpper ? "upper" : nil
  }

  var isOfOtherImage: Bool { hasUpper && recorded != nil && lower != nil && recorded != lower?.text }

  /// Whether a boot with this layer may fail although earlier ones did not.
  public var isUntried: Bool { !commits.isEmpty || attempts > 0 || isOfOtherImage }

  /// An unused name for more trash.
  var freeTrash: Text {
    var name = Self.trashName
    var number = 0
    while trash.contains(name) {
      number += 1
      name = Self.trashName + "." + Text(decimal: number)
    }
    return name
  }
}

/// What to do with the existing upper.
public enum UpperUse: Equatable, Sendable {
  case asItIs
  /// Use it, and log one line about it.
  case asItIsAlthough(Text)
  /// Replace it with an empty one, for this reason.
  case anew(Text)
  /// Leave it out of this boot.
  case leftOut(Text)

  /// - Parameters:
  ///   - isReset: whether the command line or the configuration requests an empty upper.
  ///   - isCounted: whether this boot counts as an attempt. A boot to a rescue shell may be meant to repair the upper.
  public init(_ facts: StoreFacts, _ settings: Settings, isReset: Bool, isCounted: Bool) {
    let isOther = facts.isOfOtherImage
    if facts.isResetting {
      self = .anew("an earlier boot began a reset")
    } else if facts.mark != nil {
      self = .anew("it is marked for a reset")
    } else if isReset {
      self = .anew("preroot.reset or systemd.factory_reset= requests it")
    } else if isCounted, facts.attempts >= settings.attempts, facts.commits.isEmpty {
      self = .leftOut(Text(decimal: facts.attempts) + " boots in a row did not reach their target with it; the next boot tries it again")
    } else if isOther, settings.onLowerChange == .reset {
      self = .anew("it was made over a different image")
    } else if isOther, settings.onLowerChange == .warn {
      self = .asItIsAlthough("The upper was made over a different image: the files it has changed hide the new image's; preroot.reset starts from the image")
    } else {
      self = .asItIs
    }
  }
}
