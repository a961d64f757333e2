// SPDX-License-Identifier: MIT
// How the value of each setting is read. What cannot be read changes nothing, and is told.

extension Settings {
  /// The word that the assignment's value is.
  ///
  /// - Parameter standard: what holds where it is none of them.
  mutating func choice<Choice: Keyword>(_ assignment: Assignments.Assignment, _ standard: Choice) -> Choice {
    if let word = Choice(assignment.value) { return word }
    remarks.add(.error, assignment.origin + "'" + assignment.value + "' is not understood, ignoring; use one of: " + Choice.words)
    return standard
  }

  /// A boolean of systemd's.
  @inline(never) mutating func boolean(_ assignment: Assignments.Assignment, _ standard: Bool) -> Bool {
    if let word = Enable(assignment.value), word != .auto { return word == .yes }
    remarks.reject(assignment.origin, assignment.value, "is neither yes nor no, ignoring")
    return standard
  }

  @inline(never) mutating func number(_ assignment: Assignments.Assignment, upTo limit: Int, _ standard: Int) -> Int {
    if let number = assignment.value.decimalValue, number <= limit { return number }
    remarks.add(.error, assignment.origin + "'" + assignment.value + "' is not a number from 0 to " + Text(decimal: limit) + ", ignoring")
    return standard
  }

  mutating func takeUpper(_ value: Text, _ origin: Text) {
    if value.isEmpty {
      upper = .standard
    } else if let options = Upper.tmpfsOptions(in: value) {
      takeTmpfsOptions(options, origin)
    } else if let name = DeviceName(value) {
      upper = .device(name)
    } else if Upper.isDeviceMeant(by: value) {
      upper = .unreadable(value)
    } else {
      remarks.reject(origin, value, "is not an upper (tmpfs:..., /dev/..., LABEL=..., mtd:..., ubi0:...), ignoring")
    }
  }

  private mutating func takeTmpfsOptions(_ text: Text, _ origin: Text) {
    var options = TmpfsOptions()
    for option in text.items(at: UInt8(ascii: ",")) {
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

  mutating func takeScope(_ value: Text, _ origin: Text) {
    var isRoot = false
    let directories = directories(in: value, origin, isRoot: &isRoot)
    // A value of nothing but mistakes changes nothing.
    if isRoot || value.isEmpty { scope = .root } else if !directories.isEmpty { scope = .directories(directories) }
  }

  mutating func takeBinds(_ value: Text, _ origin: Text) {
    var isRoot = false
    let directories = directories(in: value, origin, isRoot: &isRoot)
    if isRoot { remarks.reject(origin, value, "includes the root itself, which cannot bypass the overlay, ignoring") }
    else if value.isEmpty || !directories.isEmpty { binds = directories }
  }

  mutating func takeOptions(_ value: Text, _ origin: Text) {
    options = Text(joining: value.items(at: UInt8(ascii: ",")), separator: ",")
    optionsOrigin = origin
  }

  /// An overlay on / that nothing on it can be executed from is no root.
  mutating func refuseNoexecOnRoot() {
    guard scope == .root, MountOptions(options).flags & MountOptions.noExecution != 0 else { return }
    var others: [Text] = []
    for option in options.split(at: UInt8(ascii: ",")) where !(option == "noexec") { others.add(option) }
    options = Text(joining: others, separator: ",")
    remarks.reject(optionsOrigin, "noexec", "would keep every program from running, ignoring; use it with directories in Scope=")
  }

  /// It is the name of programs, too: fsck.TYPE, mkfs.TYPE.
  mutating func takeType(_ value: Text, _ origin: Text) {
    for byte in value.bytes where !byte.isLetter && !byte.isDigit && byte != UInt8(ascii: "-") && byte != UInt8(ascii: "_") {
      return remarks.reject(origin, value, "is not a file system type, ignoring")
    }
    fileSystemType = value
  }

  mutating func takeDirectory(_ value: Text, _ origin: Text) {
    guard let path = value.isEmpty ? "/" : value.normalPath else {
      return remarks.reject(origin, value, "is not an absolute path without '..', ignoring")
    }
    directory = path == "/" ? Text() : path
  }

  /// The paths in a value with colons between them.
  @inline(never) private mutating func directories(in value: Text, _ origin: Text, isRoot: inout Bool) -> [Text] {
    var directories: [Text] = []
    for piece in value.items(at: UInt8(ascii: ":")) {
      guard let path = piece.normalPath else {
        remarks.reject(origin, piece, "is not an absolute path without '..', ignoring")
        continue
      }
      if path == "/" { isRoot = true }
      if path.isInApiDirectory {
        remarks.reject(origin, path, "is in one of the kernel's own file systems, which cannot be overlaid, ignoring")
      } else if path.mountUnitName.count > UnitName.limit {
        remarks.reject(origin, path, "is too long for the name of a mount unit, ignoring")
      } else {
        directories.addDirectory(path)
      }
    }
    return directories
  }
}
