// SPDX-License-Identifier: MIT
// Reads the value of each setting. An invalid value changes nothing and adds a remark.

extension Settings {
  /// Returns the keyword that the assignment names.
  ///
  /// - Parameter standard: the result for any other word.
  mutating func choice<Choice: Keyword>(_ assignment: Assignments.Assignment, _ standard: Choice) -> Choice {
    if let word = Choice(assignment.value) { return word }
    rejectChoice(assignment, Choice.words)
    return standard
  }

  @inline(never) private mutating func rejectChoice(_ assignment: Assignments.Assignment, _ words: Text) {
    remarks.add(.error, assignment.origin + "'" + assignment.value + "' is not understood, ignoring; use one of: " + words)
  }

  /// Reads one of systemd's booleans.
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
      upper = .tmpfs(tmpfsOptions(in: options, origin))
    } else if let name = DeviceName(value) {
      upper = .device(name)
    } else if Upper.isDeviceMeant(by: value) {
      upper = .unreadable(value)
    } else {
      remarks.reject(origin, value, "is not an upper (tmpfs:..., /dev/..., LABEL=..., mtd:..., ubi0:..., tail), ignoring")
    }
  }

  mutating func takeCommit(_ value: Text, _ origin: Text) {
    if value.isEmpty || value == "always" {
      memory = nil
    } else if let options = value == "on-demand" ? "" : value.dropping(prefix: "on-demand:") {
      memory = tmpfsOptions(in: options, origin)
    } else {
      remarks.reject(origin, value, "is neither always nor on-demand, ignoring")
    }
  }

  /// Notes what cannot be together with Commit=on-demand, and which counts.
  mutating func noteVoidByCommit(_ origin: Text) {
    if !upper.isPersistent {
      remarks.reject(origin, "on-demand", "needs an upper on a device, ignoring; the upper is a tmpfs")
      memory = nil
    } else if crypt == .random {
      remarks.reject(origin, "on-demand", "cannot be together with Crypt=random, which counts: each boot has a new upper")
      memory = nil
    } else {
      if resets { remarks.add(.warning, origin + "'on-demand' is of no use with Reset=, which counts: each boot discards what was committed") }
      if !binds.isEmpty { remarks.add(.notice, origin + "'on-demand' does not concern Bind=: its directories are on the device at once, which stays writable for them") }
    }
  }

  @inline(never) private mutating func tmpfsOptions(in text: Text, _ origin: Text) -> TmpfsOptions {
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
    return options
  }

  mutating func takeScope(_ value: Text, _ origin: Text) {
    var isRoot = false
    let directories = directories(in: value, origin, isRoot: &isRoot)
    // If every item is invalid, the value changes nothing.
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

  /// Notes what Crypt= makes void, or is void itself: memory needs no encryption.
  mutating func noteVoidByCrypt(_ origin: Text) {
    if !upper.isPersistent {
      remarks.add(.notice, origin + "'" + crypt.text + "' has no effect, as the upper is a tmpfs")
      crypt = .no
    } else if crypt == .random {
      noteVoid(origin, "Reset=", resets)
      noteVoid(origin, "OnLowerChange=", onLowerChange != .warn)
      noteVoid(origin, "Attempts=", attempts != 3)
      if !binds.isEmpty { remarks.add(.warning, origin + "'random' counts: Bind= is lost at power-off, too") }
    }
  }

  @inline(never) private mutating func noteVoid(_ origin: Text, _ setting: Text, _ isSet: Bool) {
    if isSet { remarks.add(.notice, origin + "'random' counts: each boot has a new upper, so " + setting + " has no effect") }
  }

  /// Removes `noexec` if the overlay is on /: no program could run.
  mutating func refuseNoexecOnRoot() {
    guard scope == .root, MountOptions(options).flags & MountOptions.noExecution != 0 else { return }
    var others: [Text] = []
    for option in options.split(at: UInt8(ascii: ",")) where !(option == "noexec") { others.add(option) }
    options = Text(joining: others, separator: ",")
    remarks.reject(optionsOrigin, "noexec", "would keep every program from running, ignoring; use it with directories in Scope=")
  }

  /// The type also names programs: fsck.TYPE, mkfs.TYPE.
  mutating func takeType(_ value: Text, _ origin: Text) {
    for byte in value where !byte.isLetter && !byte.isDigit && byte != UInt8(ascii: "-") && byte != UInt8(ascii: "_") {
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

  /// Reads paths separated by colons.
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
