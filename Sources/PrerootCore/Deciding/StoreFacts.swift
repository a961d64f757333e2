// SPDX-License-Identifier: MIT
/// What is found on the upper's file system once it is mounted, and what it is compared with.
public struct StoreFacts: Equatable, Sendable {
  /// Where the layers are or will be.
  public var directory: Text
  public var hasUpper = false
  /// The names of what is left of earlier uppers and waits to be deleted.
  public var trash: [Text] = []
  /// Which image the upper was made over; nil where that is not written down.
  public var recorded: Text?
  /// The image that is there now; nil where nothing tells.
  public var lower: LowerIdentity?
  /// How many boots in a row have not got through.
  public var attempts = 0
  /// What the mark for a reset says, the paths that are to be kept; nil where there is none.
  public var mark: Text?
  /// Whether a reset was begun and has not come to its end: the old upper is there under another name.
  public var isResetting = false

  /// On what is there and is not what it should be.
  public var remarks: [Remark] = []

  public init(in directory: Text) { self.directory = directory }

  /// How the names of `trash` begin.
  public static var trashName: Text { "trash" }

  /// A name for more of it, which nothing has.
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

/// What becomes of the upper that is there.
public enum UpperUse: Equatable, Sendable {
  case asItIs
  /// With one line about it.
  case asItIsAlthough(Text)
  /// An empty one in its place, and the reason.
  case anew(Text)
  /// It stays out of this boot.
  case leftOut(Text)

  /// - Parameters:
  ///   - isReset: whether the command line or the configuration wants an empty upper.
  ///   - isCounted: whether this boot is one that may not get through. Who boots to a rescue shell may have come for the upper.
  public init(_ facts: StoreFacts, _ settings: Settings, isReset: Bool, isCounted: Bool) {
    let isOther = facts.hasUpper && facts.recorded != nil && facts.lower != nil && facts.recorded != facts.lower?.text
    if facts.isResetting {
      self = .anew("an earlier boot began a reset")
    } else if facts.mark != nil {
      self = .anew("it is marked for a reset")
    } else if isReset {
      self = .anew("preroot.reset or systemd.factory_reset= requests it")
    } else if isCounted, facts.attempts >= settings.attempts {
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
