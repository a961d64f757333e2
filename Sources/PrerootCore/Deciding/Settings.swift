// SPDX-License-Identifier: MIT
/// How to make the root writable: the instructions for stage 1. See preroot.conf(5).
public struct Settings: Equatable, Sendable {
  public var upper = Upper.standard
  public var scope = Scope.root
  public var switchMode = SwitchMode.auto

  // MARK: An upper on a device

  /// Empty means the type found on the device.
  public var fileSystemType = Text()
  /// Separated by commas, as mount(2) takes them.
  public var options = Text()
  /// The origin of `options`, for a remark.
  var optionsOrigin = Text()
  /// The directory of the layers on the file system: absolute and normalized; empty for the file system's root.
  public var directory = Text()
  /// How long to wait for the device.
  public var timeoutSeconds = 30
  public var fallback = Fallback.tmpfs
  public var formatsBlank = false
  public var checks = true
  public var crypt = Crypt.no
  public var resets = false
  public var onLowerChange = LowerChange.warn
  /// Directories bound directly from the upper's file system, bypassing the overlay.
  public var binds: [Text] = []
  /// With `Commit=on-demand`, the tmpfs that receives the changes until `preroot commit` puts them on the device; nil if the device receives
  /// them.
  public var memory: TmpfsOptions?
  /// Leave the upper out after this many consecutive boots that did not reach their target; 0 for never.
  public var attempts = 3

  /// About values that were not accepted as written, and what is done instead.
  public var remarks: [Remark] = []

  /// The built-in settings.
  public init() {}

  public init(_ assignments: Assignments) {
    var cryptOrigin = Text(), commitOrigin = Text()
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
      case .crypt:
        crypt = Crypt(value)
        cryptOrigin = assignment.origin
      case .reset: resets = boolean(assignment, resets)
      case .onLowerChange: onLowerChange = choice(assignment, onLowerChange)
      case .bind: takeBinds(value, assignment.origin)
      case .commit:
        takeCommit(value, assignment.origin)
        commitOrigin = assignment.origin
      case .attempts: attempts = number(assignment, upTo: 100, attempts)
      case .switch: switchMode = choice(assignment, switchMode)
      }
    }
    refuseNoexecOnRoot()
    if crypt != .no { noteVoidByCrypt(cryptOrigin) }
    if memory != nil { noteVoidByCommit(commitOrigin) }
  }
}

extension Settings {
  /// Whether the changes persist across boots.
  public var isPersistent: Bool { upper.isPersistent && crypt != .random }

  /// The upper for messages: how it is encrypted, too.
  public var upperText: Text {
    if !upper.isPersistent || crypt == .no { return upper.text }
    return upper.text + ", encrypted (" + crypt.text + ")"
  }
}

extension Settings {
  /// Returns whether a boot to `target` counts as an attempt. Someone watches a boot to any other target.
  public func counts(bootTo target: Text) -> Bool {
    attempts > 0 && isPersistent && target.isOne(of: "default.target multi-user.target graphical.target")
  }

  /// Returns whether a boot to `target` with these layers counts. If they are only read, and have been booted before, it need not.
  public func counts(bootTo target: Text, with layers: StoreFacts) -> Bool {
    counts(bootTo: target) && (memory == nil || layers.isUntried)
  }
}

extension Settings {
  /// Returns the directory of the layers on a device. With `new`, each image has its own.
  public func layersDirectory(over lower: LowerIdentity?) -> Text {
    var layers = Paths.store + directory
    if onLowerChange == .new, let lower { layers.append(Text("/image-") + lower.name) }
    return layers
  }

  /// The type of a file system that preroot creates.
  public var newFileSystemType: Text { fileSystemType.isEmpty ? "ext4" : fileSystemType }

  /// Whether preroot can create a file system of the requested type.
  var makesFileSystem: Bool { newFileSystemType.isOne(of: DeviceUse.makesTypes) }

  /// For messages, after the upper.
  public static var untilCommit: Text { "; changes stay in memory until 'preroot commit'" }

  /// Whether the changes on the device are a lower, and nothing else there is written either.
  public var keepsDeviceReadOnly: Bool { memory != nil && binds.isEmpty }

  /// Returns whether to check the file system on the upper's device before mounting it. A check of these types takes seconds; fsck(8) of
  /// any other does nothing, or asks.
  public func checksFileSystem(of type: Text) -> Bool { checks && type.isOne(of: "ext2 ext3 ext4 f2fs") }
}

/// What to do if the requested upper is unavailable.
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

/// What to do with a blank device.
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

/// What to do with an upper that was made over a different image.
public enum LowerChange: Keyword {
  /// Use it, without or with a warning.
  case keep
  case warn
  /// Replace it with an empty upper; delete the old one, or keep it under its image's name.
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
