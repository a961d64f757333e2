/// How the root is made writable: what stage 1 is to do.
public struct Settings: Equatable, Sendable {
  public var upper = Upper.standard
  public var scope = Scope.root
  /// On what could not be taken as it was written, and what is done instead.
  public var remarks: [Remark] = []

  /// The built-in settings.
  public init() {}

  public init(_ assignments: Assignments) {
    for assignment in assignments.all {
      switch assignment.setting {
      case .enable: break
      case .upper: takeUpper(assignment.value, assignment.origin)
      case .scope: takeScope(assignment.value, assignment.origin)
      }
    }
  }

  private mutating func takeUpper(_ value: Text, _ origin: Text) {
    if value.isEmpty {
      upper = .standard
    } else if let options = Upper.tmpfsOptions(in: value) {
      takeTmpfsOptions(options, origin)
    } else if Upper.isNamed(by: value) {
      upper = .standard
      remarks.reject(origin, value, "names a device, which this version cannot use; using a tmpfs: what is written is lost at power-off")
    } else {
      remarks.reject(origin, value, "is not an upper (tmpfs:...), ignoring")
    }
  }

  private mutating func takeTmpfsOptions(_ text: Text, _ origin: Text) {
    var options = TmpfsOptions()
    for option in text.split(at: UInt8(ascii: ",")) {
      let word = KernelCommandLine.Word(option)
      let value = word.value ?? Text()
      switch word.key {
      case "size" where value.isNumber(suffixes: "kmgKMG%"): options.size = value
      case "nr_inodes" where value.isNumber(suffixes: "kmgKMG"): options.inodes = value
      default: remarks.reject(origin, option, "is not an option of a tmpfs upper (size=64m, size=25%, nr_inodes=200k), ignoring")
      }
    }
    upper = .tmpfs(options)
  }

  private mutating func takeScope(_ value: Text, _ origin: Text) {
    var directories: [Text] = []
    for piece in value.split(at: UInt8(ascii: ":")) {
      guard let path = piece.normalPath else {
        remarks.reject(origin, piece, "is not an absolute path without '..', ignoring")
        continue
      }
      if path == "/" {
        scope = .root
        return
      }
      if path.isInApiDirectory {
        remarks.reject(origin, path, "lies in a file system of the kernel's, which cannot be overlaid, ignoring")
      } else {
        directories.addDirectory(path)
      }
    }
    // A value of nothing but mistakes changes nothing.
    if !directories.isEmpty { scope = .directories(directories) } else if value.isEmpty { scope = .root }
  }
}
