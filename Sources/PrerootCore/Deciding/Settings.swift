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
      case .scope: scope = takeScope(assignment.value, assignment.origin)
      }
    }
  }

  private mutating func takeUpper(_ value: Text, _ origin: Text) {
    upper = .standard
    if value.isEmpty { return }
    if let options = Upper.tmpfsOptions(in: value) {
      takeTmpfsOptions(options, origin)
    } else if Upper.isNamed(by: value) {
      remarks.reject(origin, value, "names a device, which this version cannot use; a tmpfs is used instead: what is written is lost at power-off")
    } else {
      remarks.reject(origin, value, "is not an upper (tmpfs:...); a tmpfs is used")
    }
  }

  private mutating func takeTmpfsOptions(_ text: Text, _ origin: Text) {
    var options = TmpfsOptions()
    for option in text.split(at: UInt8(ascii: ",")) {
      let (name, value) = option.cut(at: UInt8(ascii: "=")) ?? (option, "")
      if name == "size" {
        if value.isNumber(suffixes: "kmgKMG%") { options.size = value } else {
          remarks.reject(origin, value, "is not a size (64m, 25%), using " + options.size)
        }
      } else if name == "nr_inodes" {
        if value.isNumber(suffixes: "kmgKMG") { options.inodes = value } else {
          remarks.reject(origin, value, "is not a number of inodes (200k), using " + options.inodes)
        }
      } else {
        remarks.reject(origin, name, "is not an option of a tmpfs upper (size, nr_inodes), ignoring")
      }
    }
    upper = .tmpfs(options)
  }

  private mutating func takeScope(_ value: Text, _ origin: Text) -> Scope {
    var directories: [Text] = []
    for piece in value.split(at: UInt8(ascii: ":")) {
      guard let path = piece.normalPath else {
        remarks.reject(origin, piece, "is not an absolute path without '..', ignoring")
        continue
      }
      if path == "/" { return .root }
      if path.isInApiDirectory {
        remarks.reject(origin, path, "lies in a file system of the kernel's, which cannot be overlaid, ignoring")
      } else {
        directories.addDirectory(path)
      }
    }
    if !directories.isEmpty { return .directories(directories) }
    if !value.isEmpty { remarks.reject(origin, value, "leaves no directory, using '/'") }
    return .root
  }
}
