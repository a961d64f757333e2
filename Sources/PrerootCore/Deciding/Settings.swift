// SPDX-License-Identifier: MIT
/// How the root is made writable: what stage 1 is to do. See preroot.conf(5).
public struct Settings: Equatable, Sendable {
  public var upper = Upper.standard
  public var scope = Scope.root
  public var switchMode = SwitchMode.auto

  // MARK: An upper on a device

  /// Empty: the one that is found on it.
  public var fileSystemType = Text()
  /// With commas between them, as mount(2) takes them.
  public var options = Text()
  /// Where they were set, for a remark.
  var optionsOrigin = Text()
  /// Where the layers are on the file system: absolute and normal, empty for its top.
  public var directory = Text()
  /// How long to wait for the device.
  public var timeoutSeconds = 30
  public var fallback = Fallback.tmpfs
  public var formatsBlank = false
  public var checks = true
  public var resets = false
  public var onLowerChange = LowerChange.warn
  /// Directories taken straight from the upper's file system, past the overlay.
  public var binds: [Text] = []
  /// After how many boots in a row that did not get through the upper is left out; 0 for never.
  public var attempts = 3

  /// On what could not be taken as it was written, and what is done instead.
  public var remarks: [Remark] = []

  /// The built-in settings.
  public init() {}

  public init(_ assignments: Assignments) {
    for assignment in assignments.all {
      let value = assignment.value
      switch assignment.setting {
      case .enable: break
      case .upper: takeUpper(value, assignment.origin)
      case .scope: takeScope(value, assignment.origin)
      case .fsType: takeType(value, assignment.origin)
      case .options: takeOptions(value, assignment.origin)
      case .dir: takeDirectory(value, assignment.origin)
      case .timeout: timeoutSeconds = number(assignment, upTo: 300, timeoutSeconds)
      case .fallback: fallback = choice(assignment, fallback)
      case .format: formatsBlank = choice(assignment, formatsBlank ? Format.blank : .no) == .blank
      case .check: checks = boolean(assignment, checks)
      case .reset: resets = boolean(assignment, resets)
      case .onLowerChange: onLowerChange = choice(assignment, onLowerChange)
      case .bind: takeBinds(value, assignment.origin)
      case .attempts: attempts = number(assignment, upTo: 100, attempts)
      case .switch: switchMode = choice(assignment, switchMode)
      }
    }
    refuseNoexecOnRoot()
  }
}

extension Settings {
  /// Whether a boot to `target` counts among those that may not get through with the upper. Who boots elsewhere watches it.
  public func counts(bootTo target: Text) -> Bool {
    attempts > 0 && target.isOne(of: "default.target multi-user.target graphical.target")
  }
}

extension Settings {
  /// Where the layers are, on an upper that is a device: with `new`, each image has a directory of its own.
  public func layersDirectory(over lower: LowerIdentity?) -> Text {
    var layers = Paths.store + directory
    if onLowerChange == .new, let lower { layers.append(Text("/image-") + lower.name) }
    return layers
  }

  /// Whether the file system on the upper's device is checked before it is mounted: with these types that is a matter of seconds, and
  /// fsck(8) of the others does nothing, or asks.
  public func checksFileSystem(of type: Text) -> Bool { checks && type.isOne(of: "ext2 ext3 ext4 f2fs") }
}

/// What is done when the upper that was asked for is unavailable.
public enum Fallback: Keyword {
  case tmpfs
  case readOnly
  case emergency
  case reboot

  public var word: Text {
    switch self {
    case .tmpfs: "tmpfs"
    case .readOnly: "read-only"
    case .emergency: "emergency"
    case .reboot: "reboot"
    }
  }
}

/// What is done with a device that is blank.
enum Format: Keyword {
  case no
  case blank

  var word: Text {
    switch self {
    case .no: "no"
    case .blank: "blank"
    }
  }
}

/// What is done with an upper that was made over another image than the one below it now.
public enum LowerChange: Keyword {
  /// Nothing, in silence; or with a warning.
  case keep
  case warn
  /// An empty upper takes its place, and it is deleted; or it is set aside, under the name of its image.
  case reset
  case new

  public var word: Text {
    switch self {
    case .keep: "keep"
    case .warn: "warn"
    case .reset: "reset"
    case .new: "new"
    }
  }
}
