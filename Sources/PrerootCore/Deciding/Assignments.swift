/// Every setting that the image and the kernel command line give a value, the last of one setting being the one that counts.
public struct Assignments: Equatable, Sendable {
  public struct Assignment: Equatable, Sendable {
    public var setting: Setting
    public var value: Text
    /// For the log: `/etc/preroot.conf:3: Upper=`, `Kernel command line: preroot.upper=`.
    public var origin: Text
    public var isFromCommandLine: Bool
  }

  public var all: [Assignment] = []
  /// On what is no setting at all.
  public var remarks: [Remark] = []

  /// First the files, then the command line, which is stronger.
  public init(in configuration: Configuration, on commandLine: KernelCommandLine) {
    for line in configuration.lines { take(line) }
    for word in commandLine.words { take(word) }
  }

  private mutating func take(_ line: Configuration.Line) {
    let origin: Text = "\(line.origin): \(line.directive)="
    guard let value = line.value else {
      return remarks.add(.warning, "\(line.origin): '\(line.directive)' is not 'Setting=value', ignoring")
    }
    guard line.section == "Preroot" else {
      return remarks.add(.warning, "\(origin) is not in the section [Preroot], ignoring")
    }
    for setting in Setting.allCases where line.directive == setting.directive {
      return add(setting, value, origin, isFromCommandLine: false)
    }
    remarks.add(.warning, "\(origin) is not a setting of preroot, ignoring; see preroot.conf(5)")
  }

  private mutating func take(_ word: KernelCommandLine.Word) {
    let origin: Text = "Kernel command line: \(word.key)="
    if word.isKey("preroot") { return takeShort(word.value, origin) }
    if word.isKey("overlayroot") { return takeOverlayroot(word.value ?? "", origin) }
    guard word.hasKeyPrefix("preroot.") else { return }
    for setting in Setting.allCases where word.isKey(setting.key) {
      guard let value = word.value else { return remarks.add(.warning, "\(origin) has no value, ignoring") }
      return add(setting, value, origin, isFromCommandLine: true)
    }
    remarks.add(.warning, "\(origin) is not a setting of preroot, ignoring; see preroot.conf(5)")
  }

  /// `preroot`, `preroot=no`, `preroot=tmpfs:size=…`: whether, or where to.
  private mutating func takeShort(_ value: Text?, _ origin: Text) {
    let value = value ?? "yes"
    if Enable(value) != nil {
      add(.enable, value, origin, isFromCommandLine: true)
    } else if Upper.isNamed(by: value) {
      add(.upper, value, origin, isFromCommandLine: true)
      add(.enable, "yes", origin, isFromCommandLine: true)
    } else {
      remarks.add(.error, "\(origin)'\(value)' is not understood (no, auto, yes, tmpfs:...), ignoring")
    }
  }

  /// What users of overlayroot have on their command lines, as far as it means the same.
  private mutating func takeOverlayroot(_ value: Text, _ origin: Text) {
    if value.isEmpty || value == "disabled" {
      remarks.add(.notice, "\(origin) is understood as preroot=no")
      add(.enable, "no", origin, isFromCommandLine: true)
    } else if value == "tmpfs" || value.hasPrefix("tmpfs:") {
      remarks.add(.notice, "\(origin) is understood as preroot=tmpfs, its own options are ignored")
      add(.enable, "yes", origin, isFromCommandLine: true)
    } else {
      remarks.add(.error, "\(origin)'\(value)' is not understood, ignoring; say it with preroot=")
    }
  }

  @inline(never) private mutating func add(_ setting: Setting, _ value: Text, _ origin: Text, isFromCommandLine: Bool) {
    all.append(Assignment(setting: setting, value: value, origin: origin, isFromCommandLine: isFromCommandLine))
  }
}
