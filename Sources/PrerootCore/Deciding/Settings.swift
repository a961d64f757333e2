/// What was asked for, with a remark on every word that could not be taken as it was written.
public struct Settings: Equatable, Sendable {
  public var enable = Enable.auto
  /// Whether the kernel command line says so, and not only the image: a container obeys nobody else.
  public var isEnabledByCommandLine = false
  public var upper = Upper.standard
  public var scope = Scope.root
  public var remarks: [Remark] = []

  /// The built-in settings.
  public init() {}

  /// The files, weakest first, then the kernel command line. Of each setting the last word counts.
  public init(configuration: [ConfigurationFile], commandLine: KernelCommandLine) {
    for file in configuration { take(file) }
    for word in commandLine.words { take(word) }
  }

  // MARK: preroot.conf

  private mutating func take(_ file: ConfigurationFile) {
    for line in file.lines {
      let origin: Text = "\(file.path):\(line.number)"
      switch line.content {
      case .junk(let text):
        remark(.warning, "\(origin): '\(text)' is not 'Setting=value', ignoring")
      case .directive(let name, _) where line.section != "Preroot":
        remark(.warning, "\(origin): '\(name)=' is not in the section [Preroot], ignoring")
      case .directive(let name, let value):
        guard let setting = Setting.allCases.first(where: { $0.directive == name }) else {
          remark(.warning, "\(origin): '\(name)=' is not a setting of preroot, ignoring; see preroot.conf(5)")
          continue
        }
        take(setting, value, from: "\(origin): \(name)=")
      }
    }
  }

  // MARK: The kernel command line

  private mutating func take(_ word: KernelCommandLine.Word) {
    let origin: Text = "Kernel command line: \(word.key)="
    if word.isKey("preroot") {
      takeShort(word.value, from: origin)
    } else if word.hasKeyPrefix("preroot.") {
      guard let setting = Setting.allCases.first(where: { word.isKey($0.key) }) else {
        remark(.warning, "Kernel command line: '\(word.text)' is not a setting of preroot, ignoring; see preroot.conf(5)")
        return
      }
      guard let value = word.value ?? (setting == .enable ? "yes" : nil) else {
        remark(.warning, "Kernel command line: '\(word.text)' has no value, ignoring")
        return
      }
      take(setting, value, from: origin)
      if setting == .enable { isEnabledByCommandLine = enable != .no }
    } else if word.isKey("overlayroot") {
      takeOverlayroot(word.value, from: origin)
    }
  }

  /// `preroot`, `preroot=no`, `preroot=tmpfs:size=…`: whether, or where to.
  private mutating func takeShort(_ value: Text?, from origin: Text) {
    guard let value else { return enableByCommandLine(.yes) }
    if let word = Enable(value) { return enableByCommandLine(word) }
    guard let named = Self.kind(of: value) else {
      remark(.error, "\(origin)'\(value)' is not understood (no, auto, yes, tmpfs:…), ignoring; Enable=\(enable.text) stands")
      return
    }
    take(named, value, from: origin)
    enableByCommandLine(.yes)
  }

  private mutating func enableByCommandLine(_ value: Enable) {
    enable = value
    isEnabledByCommandLine = value != .no
  }

  /// What users of overlayroot have on their command lines, as far as it means the same.
  private mutating func takeOverlayroot(_ value: Text?, from origin: Text) {
    switch value ?? "" {
    case "", "disabled":
      remark(.notice, "\(origin) is understood as preroot=no")
      enableByCommandLine(.no)
    case let value where value == "tmpfs" || value.hasPrefix("tmpfs:"):
      remark(.notice, "\(origin) is understood as preroot=tmpfs, its own options are ignored")
      enableByCommandLine(.yes)
    case let value:
      remark(.error, "\(origin)'\(value)' is not understood, ignoring; say it with preroot=")
    }
  }

  // MARK: Values

  private mutating func take(_ setting: Setting, _ value: Text, from origin: Text) {
    switch setting {
    case .enable:
      if value.isEmpty {
        enable = .auto
      } else if let word = Enable(value) {
        enable = word
      } else {
        remark(.error, "\(origin)'\(value)' is neither no, auto nor yes, ignoring; Enable=\(enable.text) stands")
      }
    case .upper:
      guard let kind = Self.kind(of: value) else {
        if value.isEmpty {
          upper = .standard
        } else {
          remark(.error, "\(origin)'\(value)' is not an upper (tmpfs:…), ignoring; \(upper.text) is used")
        }
        return
      }
      take(kind, value, from: origin)
    case .scope:
      scope = takeScope(value, from: origin)
    }
  }

  private enum Kind { case tmpfs, device }

  private static func kind(of value: Text) -> Kind? {
    if value == "tmpfs" || value.hasPrefix("tmpfs:") { return .tmpfs }
    let device: [Text] = ["/dev/", "LABEL=", "UUID=", "PARTLABEL=", "PARTUUID=", "mtd:", "ubi"]
    return device.contains { value.hasPrefix($0) } ? .device : nil
  }

  private mutating func take(_ kind: Kind, _ value: Text, from origin: Text) {
    switch kind {
    case .tmpfs:
      upper = .tmpfs(takeTmpfsOptions(value.dropping(prefix: "tmpfs:") ?? "", from: origin))
    case .device:
      upper = .standard
      remark(.error, "\(origin)'\(value)' names a device, which this version cannot use; a tmpfs is used instead: "
        + "what is written is lost at power-off")
    }
  }

  private mutating func takeTmpfsOptions(_ text: Text, from origin: Text) -> TmpfsOptions {
    var options = TmpfsOptions()
    for option in text.split(at: UInt8(ascii: ",")) {
      let word = KernelCommandLine.Word(option)
      let value = word.value ?? ""
      switch word.key {
      case "size" where TmpfsOptions.isSize(value): options.size = value
      case "size": remark(.error, "\(origin)'\(value)' is not a size (64m, 25%), using \(options.size)")
      case "nr_inodes" where TmpfsOptions.isInodes(value): options.inodes = value
      case "nr_inodes": remark(.error, "\(origin)'\(value)' is not a number of inodes (200k), using \(options.inodes)")
      default: remark(.error, "\(origin)'\(word.key)' is not an option of a tmpfs upper (size, nr_inodes), ignoring")
      }
    }
    return options
  }

  private mutating func takeScope(_ value: Text, from origin: Text) -> Scope {
    var directories: [Text] = []
    for piece in value.split(at: UInt8(ascii: ":")) {
      guard let path = piece.normalPath else {
        remark(.error, "\(origin)'\(piece)' is not an absolute path without '..', ignoring")
        continue
      }
      if path == "/" { return .root }
      if let api = Self.apiDirectories.first(where: { path.isWithin($0) }) {
        remark(.error, "\(origin)'\(path)' lies in \(api), which cannot be overlaid, ignoring")
        continue
      }
      if directories.contains(where: { path.isWithin($0) }) { continue }
      directories.removeAll { $0.isWithin(path) }
      directories.append(path)
    }
    if directories.isEmpty, !value.isEmpty {
      remark(.error, "\(origin)'\(value)' leaves no directory, using '/'")
    }
    return directories.isEmpty ? .root : .directories(directories)
  }

  private static var apiDirectories: [Text] { ["/proc", "/sys", "/dev", "/run"] }

  private mutating func remark(_ priority: Remark.Priority, _ text: Text) {
    remarks.append(Remark(priority, text))
  }
}
